// The answers of the mock's bot. `show KIND` gives an example of each kind of rich response.
import { RICH } from './mock-rich.mjs';

const HELP =
  'I can tell you about our **coffee**, your deliveries and brewing. ' +
  'If I am stuck, just say `talk to a person`.\n\n- Subscriptions and pauses\n- Deliveries\n' +
  '- Brewing, see [our guide](https://example.com/guide)';

const plain = (text) => ({ messages: [{ text }], handover: false });
const rich = (text, ...content) => ({ messages: [{ text, content }], handover: false });
const say = (title, text = title) => ({ title, action: { type: 'message', text } });
const open = (title, url) => ({ title, action: { type: 'link', url, target: 'tab' } });

export function answerOf(said) {
  if (said === 'WELCOME') {
    const title = 'Hi! I look after orders and brewing questions. What can I do for you?';
    const replies = ['What do you do?', 'Where is my order?', 'Talk to a person'];
    const buttons = replies.map((reply) => say(reply));
    return rich(title, { type: 'text', text: title }, { type: 'suggestions', buttons });
  }
  const kind = /^show (.+)$/.exec(said)?.[1];
  if (RICH.has(kind)) return { messages: [RICH.get(kind)], handover: false };
  if (/person|human|operator/i.test(said)) {
    return { messages: [{ text: 'Sure, I am connecting you with a person.' }], handover: true };
  }
  if (/what do you do|purpose/i.test(said)) return plain(HELP);
  if (/order/i.test(said)) return rich('Order 4711', CARD);
  if (/payload/i.test(said)) return rich('Opening hours', ...PAYLOAD);
  if (/image/i.test(said)) {
    const url = 'https://example.invalid/a.png';
    return rich('A picture', { type: 'media', kind: 'image', url, alt: 'A bag of coffee' });
  }
  return plain("I didn't get that. Can you say it in other words?");
}

const CARD = {
  type: 'card',
  title: 'Order 4711 is on its way',
  subtitle: 'Two bags of Fjell, arriving on Tuesday before noon',
  buttons: [
    open('Track the parcel', 'https://example.com/track/4711'),
    say('Change the address', 'change address'),
  ],
};

const PAYLOAD = [
  { type: 'card', title: 'Opening hours', subtitle: 'Mon to Fri, 8 to 18' },
  { type: 'suggestions', buttons: [say('Thanks'), open('Map', 'https://example.com')] },
];
