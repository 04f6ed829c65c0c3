import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { Form, Parameters } from '@baton/client/rich';
import { textView } from '@baton/ui/text';
import type { Strings } from '../strings.js';
import { entriesOf, fieldErrorOf, valuesOf, type Entry, type FieldError } from './form.js';
import { fieldView } from './form-view.js';
import { formStyles } from './form-styles.js';

export interface FormDetail {
  form: Form;
  values: Parameters;
}

/** A form of the bot. Fires `baton-form` with the values once all are valid, then says so. */
export class BatonForm extends LitElement {
  static override styles = formStyles;
  static override properties = {
    form: { attribute: false },
    strings: { attribute: false },
    sent: { type: Boolean },
    entries: { state: true },
    errors: { state: true },
  };
  declare form: Form;
  declare strings: Strings;
  declare sent: boolean;
  declare entries: Entry[];
  declare errors: FieldError[];

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('form')) {
      this.entries = entriesOf(this.form);
      this.errors = [];
    }
  }

  override render() {
    const { form, strings } = this;
    return html`<div role="group" aria-labelledby="title">
      <p class=${form.title ? 'title' : 'off-screen'} id="title" dir="auto">
        ${form.title || strings.form}
      </p>
      ${form.subtitle ? html`<div class="soft">${textView(form.subtitle, 'plain')}</div>` : nothing}
      ${this.sent ? html`<p class="soft text">${strings.formSent}</p>` : this.bodyView()}
    </div>`;
  }

  override focus(): void {
    void this.updateComplete.then(() => this.control(0)?.focus());
  }

  private bodyView() {
    const { form, strings } = this;
    const wrong = this.errors.filter(Boolean).length;
    return html`<form novalidate @submit=${this.submit}>
      <div class="fields">
        ${form.fields.map((field, at) =>
          fieldView(field, {
            at,
            entry: this.entries[at],
            error: this.errors[at] ?? null,
            strings,
            change: (entry) => this.change(at, entry),
          }),
        )}
      </div>
      <p class="off-screen" role="alert">${wrong > 0 ? strings.checkFields(wrong) : ''}</p>
      <div class="ends">
        <button class="go">${strings.submit}</button>
        ${
          form.style === 'wall' && !form.force
            ? html`<button type="button" class="cancel" @click=${this.cancel}>
                ${strings.cancel}
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
    const error = this.errors[at];
    if (error && !this.errorAt(at)) {
      this.errors = this.form.fields.map((_, n) => (n === at ? null : (this.errors[n] ?? null)));
    }
  }

  /** A control hides text that it does not accept, so its own validity is checked as well. */
  private errorAt(at: number): FieldError {
    const field = this.form.fields[at];
    const control = this.control(at);
    const valid = field?.type !== 'text' || !control || control.validity.valid;
    return field ? fieldErrorOf(field, this.entries[at], valid) : null;
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (this.sent) return;
    this.errors = this.form.fields.map((_, at) => this.errorAt(at));
    const first = this.errors.findIndex((error) => error !== null);
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
