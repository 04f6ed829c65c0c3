import { keyValue } from '@baton/client/env';
import { amongTabs } from '@baton/client/exclusive';
import type { Chat } from './api.js';
import type { News } from './desk.js';
import { visitorName } from './queue.js';
import { settings } from './settings.js';
import { deskHasFocus, isFirstToTell } from './tabs.js';

const local = keyValue(() => localStorage);

let sound: AudioContext | null = null;

/** Call this on a click only: browsers allow sound and ask for permission only then. */
export async function switchAlerts(on: boolean): Promise<void> {
  settings.patch({ alerts: on });
  if (!on) return;
  sound ??= new AudioContext();
  if ('Notification' in window && Notification.permission === 'default') {
    await Notification.requestPermission();
  }
}

/**
 * Alerts an agent who is in another window, in one of the tabs of the desk. The notification never
 * contains message text.
 */
export async function alertAgent(chat: Chat, { kind, id }: News): Promise<void> {
  if (!settings.value.alerts || (await deskHasFocus())) return;
  if (!(await isFirstToTell(id, local, amongTabs))) return;
  beep();
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  const title =
    kind === 'queued' ? 'A visitor is waiting' : `New message from ${visitorName(chat)}`;
  const note = new Notification(title, { tag: chat.id });
  note.addEventListener('click', () => {
    window.focus();
    location.hash = chat.id;
    note.close();
  });
}

function beep(): void {
  sound ??= new AudioContext();
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  const at = sound.currentTime;
  tone.frequency.setValueAtTime(660, at);
  tone.frequency.setValueAtTime(880, at + 0.09);
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.32);
  tone.connect(volume).connect(sound.destination);
  tone.start(at);
  tone.stop(at + 0.35);
}
