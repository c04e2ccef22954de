const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How long ago something was, as kubectl prints ages: `45s`, `3m20s`, `5h`, `12d`.
 *
 * @param since RFC 3339; `<unknown>` for anything else.
 */
export function formatAge(since: string, now: Date): string {
  const elapsed = Math.max(0, now.getTime() - Date.parse(since));
  if (Number.isNaN(elapsed)) return '<unknown>';
  if (elapsed < 2 * MINUTE) return `${Math.floor(elapsed / SECOND)}s`;
  if (elapsed < 10 * MINUTE) return pair(elapsed, MINUTE, 'm', SECOND, 's');
  if (elapsed < 3 * HOUR) return `${Math.floor(elapsed / MINUTE)}m`;
  if (elapsed < 8 * HOUR) return pair(elapsed, HOUR, 'h', MINUTE, 'm');
  if (elapsed < 2 * DAY) return `${Math.floor(elapsed / HOUR)}h`;
  if (elapsed < 8 * DAY) return pair(elapsed, DAY, 'd', HOUR, 'h');
  return `${Math.floor(elapsed / DAY)}d`;
}

function pair(elapsed: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((elapsed % big) / small);
  return `${Math.floor(elapsed / big)}${bigUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}
