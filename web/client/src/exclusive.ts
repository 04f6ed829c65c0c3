/**
 * Runs one task at a time among all tabs of this origin. Where the browser has no locks, such as
 * on a page over plain http, it runs at once.
 */
export type Exclusive = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export const amongTabs: Exclusive = (name, run) => locks()?.request(name, run) ?? run();

function locks(): LockManager | undefined {
  return typeof navigator === 'undefined' ? undefined : navigator.locks;
}
