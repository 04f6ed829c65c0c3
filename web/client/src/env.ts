/** Time and randomness as parameters, so that the stores can be tested without a browser. */

export interface Env {
  /** Milliseconds since 1970. */
  now(): number;
  random(): number;
  id(): string;
  /** Calls `run` after `ms` milliseconds. The returned function cancels that. */
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

/** Text stored under keys. */
export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
  /** Removes every key that starts with `prefix`. */
  removeByPrefix(prefix: string): void;
}

/** Wraps a browser storage. What it does not take, forbidden or full, lives as long as the page. */
export function keyValue(storage: () => Storage): KeyValue {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        return memory.get(key) ?? storage().getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set(key, value) {
      memory.delete(key);
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        if (value !== null) memory.set(key, value);
      }
    },
    removeByPrefix(prefix) {
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
