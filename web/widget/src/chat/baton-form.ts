import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { Form, Parameters } from '@baton/client/rich';
import { plainView } from '@baton/ui/text';
import type { Words } from '../words.js';
import { entriesOf, faultOf, valuesOf, type Entry, type Fault } from './form.js';
import { fieldView } from './form-view.js';
import { formStyles } from './form-styles.js';

export interface FormDetail {
  form: Form;
  values: Parameters;
}

/** A form of the bot. Sends its values up once they are whole, then shows that they went. */
export class BatonForm extends LitElement {
  static override styles = formStyles;
  static override properties = {
    form: { attribute: false },
    words: { attribute: false },
    sent: { type: Boolean },
    entries: { state: true },
    faults: { state: true },
  };
  declare form: Form;
  declare words: Words;
  declare sent: boolean;
  declare entries: Entry[];
  declare faults: Fault[];

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('form')) {
      this.entries = entriesOf(this.form);
      this.faults = [];
    }
  }

  override render() {
    const { form, words } = this;
    return html`<div role="group" aria-labelledby="title">
      <p class=${form.title ? 'title' : 'off-screen'} id="title" dir="auto">
        ${form.title || words.form}
      </p>
      ${form.subtitle ? html`<div class="soft">${plainView(form.subtitle)}</div>` : nothing}
      ${this.sent ? html`<p class="soft text">${words.formSent}</p>` : this.bodyView()}
    </div>`;
  }

  override focus(): void {
    void this.updateComplete.then(() => this.control(0)?.focus());
  }

  private bodyView() {
    const { form, words } = this;
    const wrong = this.faults.filter(Boolean).length;
    return html`<form novalidate @submit=${this.submit}>
      <div class="fields">
        ${form.fields.map((field, at) =>
          fieldView(field, {
            at,
            entry: this.entries[at],
            fault: this.faults[at] ?? null,
            words,
            change: (entry) => this.change(at, entry),
          }),
        )}
      </div>
      <p class="off-screen" role="alert">${wrong > 0 ? words.checkFields(wrong) : ''}</p>
      <div class="ends">
        <button class="go">${words.submit}</button>
        ${
          form.style === 'wall' && !form.force
            ? html`<button type="button" class="cancel" @click=${this.cancel}>
                ${words.cancel}
              </button>`
            : nothing
        }
      </div>
    </form>`;
  }

  private control(at: number): HTMLInputElement | null {
    return this.renderRoot.querySelector(`[data-field="${at}"]`);
  }

  private change(at: number, entry: Entry): void {
    this.entries = this.entries.map((one, n) => (n === at ? entry : one));
    const fault = this.faults[at];
    if (fault && !this.faultAt(at)) {
      this.faults = this.form.fields.map((_, n) => (n === at ? null : (this.faults[n] ?? null)));
    }
  }

  /** A control cannot give the text it would not take, so what it thinks is asked as well. */
  private faultAt(at: number): Fault {
    const field = this.form.fields[at];
    const control = this.control(at);
    const fits = field?.type !== 'text' || !control || control.validity.valid;
    return field ? faultOf(field, this.entries[at], fits) : null;
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (this.sent) return;
    this.faults = this.form.fields.map((_, at) => this.faultAt(at));
    const first = this.faults.findIndex((fault) => fault !== null);
    if (first >= 0) {
      void this.updateComplete.then(() => this.control(first)?.focus());
      return;
    }
    this.sent = true;
    const detail: FormDetail = { form: this.form, values: valuesOf(this.form, this.entries) };
    this.dispatchEvent(new CustomEvent('baton-form', { detail, bubbles: true, composed: true }));
  }

  private cancel(): void {
    this.dispatchEvent(new CustomEvent('baton-form-cancel', { bubbles: true, composed: true }));
  }
}
