import type { Bridge } from '../api/bridge.ts';
import type { Key } from '../api/key.ts';
import { bridgeInterfaceOf } from '../api/naming.ts';
import type { Manifest } from '../api/resource.ts';
import {
  type NamespaceView,
  type Observed,
  type ObservedInterface,
  type ResolversView,
  interfaceMarkedFor,
} from '../kernel/observed.ts';
import { elementText } from '../netfilter/elements.ts';
import { SERVICES, type Service } from '../resolver/config.ts';
import { resolverName } from '../resolver/files.ts';
import type { FullPlan } from './planner.ts';

/** What is in the kernel for a resource, as lines for people; taken from the last look. */
export function kernelFacts(manifest: Manifest, observed: Observed, plan: FullPlan): string[] {
  return [...interfaceFacts(manifest, observed), ...netfilterFacts(manifest.key, plan)];
}

function interfaceFacts({ key, resource }: Manifest, observed: Observed): string[] {
  const { interfaces, routes } = observed.host;
  switch (resource.kind) {
    case 'Bridge': {
      const name = bridgeInterfaceOf(resource);
      const device = interfaces.get(name);
      if (!device) return [`interface ${name}: absent`];
      const ports = [...interfaces.values()].filter(({ master }) => master === name).map((port) => port.name);
      const services = SERVICES.filter((service) => resource.spec[service]);
      return [
        describeInterface(device),
        `ports: ${ports.length === 0 ? 'none' : ports.join(' ')}`,
        ...services.map((service) => resolverFact(resource, service, observed.resolvers)),
      ];
    }
    case 'Link': {
      const host = interfaceMarkedFor(observed.host, key);
      const container = observed.containers.get(key);
      const inside =
        container?.state === 'running' ? insideFacts(container.view, resource.spec.interface) : [];
      return [
        host ? describeInterface(host) : 'host end: absent',
        container?.state === 'running'
          ? `container: ${container.path}`
          : `container: ${container?.reason ?? 'not looked for yet'}`,
        ...inside,
      ];
    }
    case 'Route':
      return routes
        .filter(
          ({ protocol, to }) =>
            protocol === '199' && (to === resource.spec.to || resource.spec.to === 'default'),
        )
        .map(
          (route) =>
            `route ${route.to} table ${route.table} metric ${route.metric}${route.via ? ` via ${route.via}` : ''}`,
        );
    default:
      return [];
  }
}

function resolverFact(bridge: Bridge, service: Service, { found, installed }: ResolversView): string {
  const { running, problem } = found.get(resolverName(bridge, service)) ?? {};
  const absent = problem?.message ?? (installed ? 'absent' : 'not installed');
  return `dnsmasq for ${service}: ${running ? 'running' : absent}`;
}

function insideFacts(view: NamespaceView, name: string): string[] {
  const device = view.interfaces.get(name);
  if (!device) return [`inside: no ${name}`];
  const routes = view.routes.filter((route) => route.interface === name && route.protocol === '199');
  return [
    `inside: ${describeInterface(device)}`,
    ...routes.map(({ to, via }) => `inside: route ${to}${via ? ` via ${via}` : ''}`),
  ];
}

function describeInterface(device: ObservedInterface): string {
  const master =
    device.master === undefined ? '' : ` in ${device.master}${device.isolated ? ', isolated' : ''}`;
  const addresses = device.addresses.length === 0 ? 'no address' : device.addresses.join(' ');
  return `interface ${device.name}: ${device.up ? 'up' : 'down'}${master}, ${device.mac}, mtu ${device.mtu}, ${addresses}`;
}

function netfilterFacts(key: Key, { netfilter }: FullPlan): string[] {
  return [...netfilter.desired].flatMap(([set, elements]) =>
    [...elements.values()]
      .filter(({ owner }) => owner === key)
      .map((element) => `netfilter ${set}: ${elementText(element)}`),
  );
}
