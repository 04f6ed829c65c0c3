import { BatonChat } from './baton-chat.js';
import { BatonComposer } from './baton-composer.js';
import { BatonForm } from './baton-form.js';
import { BatonMessages } from './baton-messages.js';

const parts = {
  'baton-form': BatonForm,
  'baton-messages': BatonMessages,
  'baton-composer': BatonComposer,
  'baton-chat': BatonChat,
};
for (const [name, part] of Object.entries(parts)) {
  if (!customElements.get(name)) customElements.define(name, part);
}
