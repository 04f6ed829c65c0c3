export interface Ending {
  /** For the list. */
  word: string;
  text: string;
  /** A visitor asked for a person and got none. */
  missed: boolean;
}

/** How a chat ended, in words; the reasons are the server's. */
export function endingOf(reason: string | null, agent: string | undefined): Ending {
  switch (reason) {
    case 'nobody_available':
      return ended('Missed', 'Nobody was available: the bot kept the visitor', true);
    case 'queue_timeout':
      return ended(
        'Missed',
        'Nobody took the chat in time: the visitor is with the bot again',
        true,
      );
    case 'agent_closed':
      return ended('Handed back', `${agent ?? 'The agent'} handed the visitor back to the bot`);
    case 'idle':
      return ended('Went quiet', 'Closed after a long silence: the visitor is with the bot again');
    case 'visitor_left':
      return ended('Visitor left', 'The visitor closed the chat');
    case 'pause_expired':
      return ended('Expired', 'The pause ran out: the visitor is with the bot again');
    default:
      return ended('Closed', 'The chat was closed');
  }
}

function ended(word: string, text: string, missed = false): Ending {
  return { word, text, missed };
}
