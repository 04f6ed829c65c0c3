// What the mock's bot says. Each rich kind has a word that brings it.
const HELP =
  'I can tell you about our **coffee**, your deliveries and brewing. ' +
  'If I am stuck, just say `talk to a person`.\n\n- Subscriptions and pauses\n- Deliveries\n' +
  '- Brewing, see [our guide](https://example.com/guide)';

const plain = (text) => ({ messages: [{ text }], handover: false });
const rich = (text, message) => ({ messages: [{ text, message }], handover: false });

export function answerOf(said) {
  if (said === 'WELCOME') {
    const title = 'Hi! I look after orders and brewing questions. What can I do for you?';
    const quickReplies = ['What do you do?', 'Where is my order?', 'Talk to a person'];
    return rich(title, { quickReplies: { title, quickReplies } });
  }
  if (/person|human|operator/i.test(said)) {
    return { messages: [{ text: 'Sure, I am connecting you with a person.' }], handover: true };
  }
  if (/what do you do|purpose/i.test(said)) return plain(HELP);
  if (/order/i.test(said)) return rich('Order 4711', { card: CARD });
  if (/payload/i.test(said)) return rich('', { payload: PAYLOAD });
  if (/image/i.test(said)) {
    return rich('A picture', {
      image: { imageUri: 'https://example.invalid/a.png', accessibilityText: 'A bag of coffee' },
    });
  }
  return plain("I didn't get that. Can you say it in other words?");
}

const CARD = {
  title: 'Order 4711 is on its way',
  subtitle: 'Two bags of Fjell, arriving on Tuesday before noon',
  buttons: [
    { text: 'Track the parcel', postback: 'https://example.com/track/4711' },
    { text: 'Change the address', postback: 'change address' },
  ],
};

const PAYLOAD = {
  richContent: [
    [
      { type: 'info', title: 'Opening hours', subtitle: 'Mon to Fri, 8 to 18' },
      {
        type: 'chips',
        options: [{ text: 'Thanks' }, { text: 'Map', link: 'https://example.com' }],
      },
    ],
  ],
};
