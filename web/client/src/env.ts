/** Time, chance and storage as parameters, so that the stores can be tested without a browser. */

export interface Env {
  now(): number;
  random(): number;
  id(): string;
  after(ms: number, run: () => void): () => void;
}

export const browserEnv: Env = {
  now: () => Date.now(),
  random: () => Math.random(),
  id: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface Box {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
  /** Drops everything whose key begins so. */
  forget(prefix: string): void;
}

/** Wraps a browser storage. Where storage is forbidden, it lasts as long as the page. */
export function box(storage: () => Storage): Box {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        return storage().getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set(key, value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        if (value === null) memory.delete(key);
        else memory.set(key, value);
      }
    },
    forget(prefix) {
      for (const key of [...memory.keys(), ...keysOf(storage)]) {
        if (key.startsWith(prefix)) this.set(key, null);
      }
    },
  };
}

function keysOf(storage: () => Storage): string[] {
  try {
    return Object.keys(storage());
  } catch {
    return [];
  }
}
