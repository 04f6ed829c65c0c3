/** What the widget itself says. English is complete; another language may leave texts out. */
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
  botRole: 'Automated assistant',
  agentRole: 'A person, here with you now',
  connecting: 'Connecting you…',
  connectingRole: 'A person will be with you shortly',
  connectingLine: 'Looking for a person who can help. You can go on writing.',
  you: 'You',
  someone: 'A person',
  sending: 'Sending…',
  sent: 'Sent',
  failed: 'Not sent.',
  refused: 'This could not be sent.',
  retry: 'Try again',
  typing: (name: string) => `${name} is typing`,
  said: (name: string, text: string) => `${name} said: ${text}`,
  offline: 'No connection. Trying again…',
  lost: 'The chat cannot be reached right now.',
  newer: 'Latest messages',
  chosen: 'chosen',
  history: 'Use the arrow keys to read earlier messages',
  open: 'Open',
  cards: (count: number) => (count === 1 ? '1 card' : `${count} cards, side by side`),
  table: 'Table',
  audio: 'Recording',
  video: 'Video',
  watch: (host: string) => `Open ${host}`,
  form: 'Form',
  fillIn: 'Fill in',
  submit: 'Submit',
  cancel: 'Cancel',
  choose: 'Choose…',
  required: '(required)',
  fieldMissing: 'Please fill this in.',
  fieldWrong: 'This does not fit. Please check it.',
  checkFields: (count: number) =>
    count === 1 ? 'Please check one field.' : `Please check ${count} fields.`,
  formSent: 'Sent.',
  locating: 'Looking for your place…',
};

export type Words = typeof en;

const de: Partial<Words> = {
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
  botRole: 'Automatischer Assistent',
  agentRole: 'Ein Mensch, jetzt für Sie da',
  connecting: 'Sie werden verbunden…',
  connectingRole: 'Gleich ist ein Mensch für Sie da',
  connectingLine: 'Wir suchen jemanden, der helfen kann. Sie können weiterschreiben.',
  you: 'Sie',
  someone: 'Ein Mensch',
  sending: 'Wird gesendet…',
  sent: 'Gesendet',
  failed: 'Nicht gesendet.',
  refused: 'Das konnte nicht gesendet werden.',
  retry: 'Noch einmal',
  typing: (name) => `${name} schreibt`,
  said: (name, text) => `${name}: ${text}`,
  offline: 'Keine Verbindung. Neuer Versuch…',
  lost: 'Der Chat ist gerade nicht erreichbar.',
  newer: 'Zum Neuesten',
  chosen: 'gewählt',
  history: 'Mit den Pfeiltasten lesen Sie frühere Nachrichten',
  open: 'Öffnen',
  cards: (count) => (count === 1 ? '1 Karte' : `${count} Karten nebeneinander`),
  table: 'Tabelle',
  audio: 'Aufnahme',
  video: 'Video',
  watch: (host) => `${host} öffnen`,
  form: 'Formular',
  fillIn: 'Ausfüllen',
  submit: 'Absenden',
  cancel: 'Abbrechen',
  choose: 'Bitte wählen…',
  required: '(Pflichtfeld)',
  fieldMissing: 'Bitte füllen Sie dieses Feld aus.',
  fieldWrong: 'Das passt nicht. Bitte prüfen Sie es.',
  checkFields: (count) =>
    count === 1 ? 'Bitte prüfen Sie ein Feld.' : `Bitte prüfen Sie ${count} Felder.`,
  formSent: 'Abgesendet.',
  locating: 'Ihr Standort wird gesucht…',
};

const languages: Record<string, Partial<Words>> = { de };

export function wordsFor(language: string): Words {
  const own = languages[language.toLowerCase().split('-')[0] ?? ''];
  return own ? { ...en, ...own } : en;
}
