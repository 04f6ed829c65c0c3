import type { LocationAction, Parameters, Say } from '@baton/client/rich';
import type { Visitor } from '@baton/client/visitor';
import type { Words } from '../words.js';
import type { FormDetail } from './baton-form.js';
import { labelOf } from './form.js';
import type { ChoiceDetail } from './rich-view.js';

/** The browser's way of telling where it is; absent on pages that are not secure. */
export type Locator = Pick<Geolocation, 'getCurrentPosition'> | undefined;

const PATIENCE_MS = 20_000;
const NOT_AVAILABLE = 0;

/** An action with parameters added to its own. */
export function withParameters(say: Say, more: Parameters): Say {
  return { ...say, parameters: { ...say.parameters, ...more } };
}

/** Asks where the visitor is, and gives what is to be said then. */
export function locate(action: LocationAction, locator: Locator): Promise<Say> {
  const told = (of: Parameters) => ({ [action.parameter]: of });
  const failed = (code: number) =>
    withParameters(action.failure, told({ [action.errorCode]: code }));
  if (!locator) return Promise.resolve(failed(NOT_AVAILABLE));
  return new Promise((resolve) => {
    locator.getCurrentPosition(
      ({ coords: { latitude, longitude } }) => {
        const place = { [action.latitude]: latitude, [action.longitude]: longitude };
        resolve(withParameters(action.success, told(place)));
      },
      (error) => resolve(failed(error.code)),
      { timeout: PATIENCE_MS, maximumAge: 60_000 },
    );
  });
}

/** Does what was pressed and sends what was filled in, for one conversation. */
export class Actions {
  private locating = false;

  constructor(
    private readonly visitor: Visitor,
    private readonly words: Words,
    private readonly chat: { focusInput(): void },
    private readonly announcer: { say(sentence: string): void },
  ) {}

  async choose({ action, title }: ChoiceDetail): Promise<void> {
    this.chat.focusInput();
    if (action.type !== 'location') return this.send(action, title);
    if (this.locating) return;
    this.locating = true;
    this.announcer.say(this.words.locating);
    const next = await locate(action, navigator.geolocation as Locator);
    this.locating = false;
    this.send(next, title);
  }

  submit({ form, values }: FormDetail): void {
    const { action } = form;
    const label = labelOf(form, this.words);
    if (action.type === 'event') {
      this.visitor.sendEvent(action.name, action.parameters, label, values);
    } else this.visitor.sendText(label, { ...action.parameters, ...values });
    this.chat.focusInput();
  }

  private send(say: Say, title: string): void {
    if (say.type === 'event') this.visitor.sendEvent(say.name, say.parameters, title);
    else this.visitor.sendText(say.text, say.parameters);
  }
}
