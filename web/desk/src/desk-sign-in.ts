import { LitElement, html, nothing } from 'lit';
import { icons } from '@baton/ui/icons';
import type { Desk } from './desk.js';
import { signInStyles } from './sign-in-styles.js';

/** The sign-in form. It keeps its input when the sign-in fails. */
export class DeskSignIn extends LitElement {
  static override styles = signInStyles;
  static override properties = {
    desk: { attribute: false },
    problem: { state: true },
    busy: { state: true },
  };
  declare desk: Desk;
  declare problem: string | null;
  declare busy: boolean;

  override render() {
    return html`<main>
      <form @submit=${this.submit}>
        <span class="mark">${icons.baton}</span>
        <h1>Sign in to the desk</h1>
        <p class="lead">Take over chats from the bot.</p>
        <label for="email">E-mail address</label>
        <input id="email" name="email" type="email" autocomplete="username" required />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <p class="problem" role="alert">
          ${this.problem ? html`${icons.alert}<span>${this.problem}</span>` : nothing}
        </p>
        <button class="primary" aria-disabled=${this.busy ? 'true' : 'false'}>
          ${this.busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>`;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLInputElement>('#email')?.focus();
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const values = new FormData(event.target as HTMLFormElement);
    this.busy = true;
    this.problem = null;
    const value = (name: string) => String(values.get(name) ?? '');
    this.problem = await this.desk.signIn(value('email').trim(), value('password'));
    this.busy = false;
  }
}
