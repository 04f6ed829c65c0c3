import { keyValue } from '@baton/client/env';
import { Store } from '@baton/client/store';

export interface Settings {
  /** Sound and desktop notifications. Off by default. */
  alerts: boolean;
  /** Single-key shortcuts. Some assistive tools need them off. */
  keys: boolean;
}

const local = keyValue(() => localStorage);
const KEY = 'baton.desk.settings';

function saved(): Partial<Settings> {
  try {
    const value: unknown = JSON.parse(local.get(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Partial<Settings>) : {};
  } catch {
    return {};
  }
}

export const settings = new Store<Settings>({ alerts: false, keys: true, ...saved() });
settings.subscribe(() => local.set(KEY, JSON.stringify(settings.value)));
