import { BatonDesk } from './baton-desk.js';
import { DeskChat } from './desk-chat.js';
import { DeskContext } from './desk-context.js';
import { DeskHelp } from './desk-help.js';
import { DeskLog } from './desk-log.js';
import { DeskQueue } from './desk-queue.js';
import { DeskReply } from './desk-reply.js';
import { DeskSignIn } from './desk-sign-in.js';

customElements.define('desk-sign-in', DeskSignIn);
customElements.define('desk-queue', DeskQueue);
customElements.define('desk-log', DeskLog);
customElements.define('desk-reply', DeskReply);
customElements.define('desk-chat', DeskChat);
customElements.define('desk-context', DeskContext);
customElements.define('desk-help', DeskHelp);
customElements.define('baton-desk', BatonDesk);
