/** The widget's own texts. English is complete; another language may leave texts out. */
const en = {
  launcher: (unread: number) =>
    unread === 0
      ? 'Open chat'
      : `Open chat, ${unread} unread ${unread === 1 ? 'message' : 'messages'}`,
  assistant: 'Assistant',
  chat: (name: string) => `Chat with ${name}`,
  close: 'Close chat',
  conversation: 'Conversation',
  write: 'Write a message',
  placeholder: 'Write a message…',
  send: 'Send message',
  full: 'The text is too long to be sent.',
  room: (left: number) => (left === 1 ? '1 character left' : `${left} characters left`),
  tooLong: (over: number) =>
    `Too long by ${over === 1 ? '1 character' : `${over} characters`}. Please shorten the text.`,
  botRole: 'Automated assistant',
  agentRole: 'Support agent · online',
  connecting: 'Connecting you…',
  connectingRole: 'Waiting for a support agent',
  connectingLine: 'Finding someone to help. You can keep typing.',
  you: 'You',
  someone: 'Support agent',
  sending: 'Sending…',
  sent: 'Sent',
  failed: 'Not sent.',
  refused: 'This message could not be sent.',
  retry: 'Try again',
  typing: (name: string) => `${name} is typing`,
  said: (name: string, text: string) => `${name} said: ${text}`,
  offline: 'No connection. Trying again…',
  unavailable: 'Chat is not available right now.',
  newer: 'Latest messages',
  chosen: 'selected',
  open: 'Open',
  cards: (count: number) => (count === 1 ? '1 card' : `${count} cards, side by side`),
  table: 'Table',
  audio: 'Audio',
  video: 'Video',
  watch: (host: string) => `Open ${host}`,
  form: 'Form',
  fillIn: 'Fill in',
  submit: 'Submit',
  cancel: 'Cancel',
  choose: 'Choose…',
  required: '(required)',
  fieldMissing: 'Please fill in this field.',
  /** `kind` is the kind of a text field, such as `email`; `label` is the field's name. */
  fieldWrong: (kind: string, label: string) => {
    switch (kind) {
      case 'email':
        return 'Please enter a valid e-mail address, such as name@example.com.';
      case 'url':
        return 'Please enter a full web address, such as https://example.com.';
      case 'number':
        return 'Please enter a number.';
      default:
        return `Please enter a valid value for “${label}”.`;
    }
  },
  checkFields: (count: number) =>
    count === 1 ? 'Please check one field.' : `Please check ${count} fields.`,
  formSent: 'Sent.',
  locating: 'Getting your location…',
};

export type Strings = typeof en;

const de: Partial<Strings> = {
  launcher: (unread) =>
    unread === 0
      ? 'Chat öffnen'
      : `Chat öffnen, ${unread} ungelesene ${unread === 1 ? 'Nachricht' : 'Nachrichten'}`,
  assistant: 'Assistent',
  chat: (name) => `Chat mit ${name}`,
  close: 'Chat schließen',
  conversation: 'Gespräch',
  write: 'Nachricht schreiben',
  placeholder: 'Nachricht schreiben…',
  send: 'Nachricht senden',
  full: 'Der Text ist zu lang zum Senden.',
  room: (left) => `Noch ${left} Zeichen`,
  tooLong: (over) => `${over} Zeichen zu viel. Bitte kürzen Sie den Text.`,
  botRole: 'Automatischer Assistent',
  agentRole: 'Kundenservice · online',
  connecting: 'Sie werden verbunden…',
  connectingRole: 'Einen Moment bitte',
  connectingLine: 'Wir suchen jemanden, der Ihnen hilft. Sie können weiterschreiben.',
  you: 'Sie',
  someone: 'Kundenservice',
  sending: 'Wird gesendet…',
  sent: 'Gesendet',
  failed: 'Nicht gesendet.',
  refused: 'Diese Nachricht konnte nicht gesendet werden.',
  retry: 'Noch einmal versuchen',
  typing: (name) => `${name} schreibt`,
  said: (name, text) => `${name}: ${text}`,
  offline: 'Keine Verbindung. Neuer Versuch…',
  unavailable: 'Der Chat ist gerade nicht verfügbar.',
  newer: 'Neueste Nachrichten',
  chosen: 'ausgewählt',
  open: 'Öffnen',
  cards: (count) => (count === 1 ? '1 Karte' : `${count} Karten nebeneinander`),
  table: 'Tabelle',
  audio: 'Audio',
  video: 'Video',
  watch: (host) => `${host} öffnen`,
  form: 'Formular',
  fillIn: 'Ausfüllen',
  submit: 'Absenden',
  cancel: 'Abbrechen',
  choose: 'Bitte wählen…',
  required: '(Pflichtfeld)',
  fieldMissing: 'Bitte füllen Sie dieses Feld aus.',
  fieldWrong: (kind, label) => {
    switch (kind) {
      case 'email':
        return 'Bitte geben Sie eine gültige E-Mail-Adresse ein, zum Beispiel name@example.com.';
      case 'url':
        return 'Bitte geben Sie eine vollständige Webadresse ein: https://example.com.';
      case 'number':
        return 'Bitte geben Sie eine Zahl ein.';
      default:
        return `Bitte geben Sie einen gültigen Wert für „${label}“ ein.`;
    }
  },
  checkFields: (count) =>
    count === 1 ? 'Bitte prüfen Sie ein Feld.' : `Bitte prüfen Sie ${count} Felder.`,
  formSent: 'Abgesendet.',
  locating: 'Ihr Standort wird ermittelt…',
};

const languages: Record<string, Partial<Strings>> = { de };

export function stringsFor(language: string): Strings {
  const own = languages[language.toLowerCase().split('-')[0] ?? ''];
  return own ? { ...en, ...own } : en;
}
