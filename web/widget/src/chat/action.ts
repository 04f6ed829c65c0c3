import type { LocationAction, Parameters, SendAction } from '@baton/client/rich';
import type { Visitor } from '@baton/client/visitor';
import type { Strings } from '../strings.js';
import type { FormDetail } from './baton-form.js';
import { labelOf } from './form.js';
import type { ChoiceDetail } from './rich-view.js';

/** The browser's geolocation; undefined on pages without https. */
export type Locator = Pick<Geolocation, 'getCurrentPosition'> | undefined;

const LOCATION_TIMEOUT_MS = 20_000;
const NOT_AVAILABLE = 0;

/** `say` with `more` added to its parameters. */
export function withParameters(say: SendAction, more: Parameters): SendAction {
  return { ...say, parameters: { ...say.parameters, ...more } };
}

/** Asks the browser for the location. Returns the action to send: `success` or `failure`. */
export function locate(action: LocationAction, locator: Locator): Promise<SendAction> {
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
      { timeout: LOCATION_TIMEOUT_MS, maximumAge: 60_000 },
    );
  });
}

/** Carries out pressed buttons and submitted forms of one conversation. */
export class Actions {
  private locating = false;

  constructor(
    private readonly visitor: Visitor,
    private readonly strings: Strings,
    private readonly chat: { focusInput(): void },
    private readonly announcer: { say(sentence: string): void },
  ) {}

  async choose({ action, title }: ChoiceDetail): Promise<void> {
    this.chat.focusInput();
    if (action.type !== 'location') return this.send(action, title);
    if (this.locating) return;
    this.locating = true;
    this.announcer.say(this.strings.locating);
    const next = await locate(action, navigator.geolocation as Locator);
    this.locating = false;
    this.send(next, title);
  }

  submit({ form, values }: FormDetail): void {
    const { action } = form;
    const label = labelOf(form, this.strings);
    if (action.type === 'event') {
      this.visitor.sendEvent(action.name, action.parameters, label, values);
    } else this.visitor.sendText(label, { ...action.parameters, ...values });
    this.chat.focusInput();
  }

  private send(say: SendAction, title: string): void {
    if (say.type === 'event') this.visitor.sendEvent(say.name, say.parameters, title);
    else this.visitor.sendText(say.text, say.parameters);
  }
}
