/** Where things are unless the command line says otherwise. */
export const DEFAULT_DIRECTORIES = {
  manifests: '/etc/lxcnet.d',
  stateDir: '/var/lib/lxcnet',
  runtimeDir: '/run/lxcnet',
} as const;
