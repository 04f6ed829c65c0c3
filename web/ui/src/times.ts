/** Formats times in the reader's locale. */
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export function timeOf(at: number): string {
  return at > 0 ? clock.format(at) : '';
}

export function dayOf(at: number, now: number): string {
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
  if (days === 0 || days === -1) return sentence(relative.format(days, 'day'));
  return day.format(at);
}

export function sameDay(a: number, b: number): boolean {
  return midnight(a) === midnight(b);
}

/** A duration as m:ss, or h:mm:ss from one hour on. */
export function spanOf(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1_000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function sentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}
