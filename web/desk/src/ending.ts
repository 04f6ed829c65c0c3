export interface Ending {
  /** A short label for the list. */
  label: string;
  text: string;
  /** No human agent answered the visitor's request. */
  missed: boolean;
}

/** The text for a chat's `closeReason` (`docs/api.md`). */
export function endingOf(reason: string | null, agent: string | undefined): Ending {
  switch (reason) {
    case 'nobody_available':
      return ended('Missed', 'No agent was available: the visitor stayed with the bot', true);
    case 'queue_timeout':
      return ended(
        'Missed',
        'No agent took the chat in time: the visitor is back with the bot',
        true,
      );
    case 'agent_closed':
      return ended('Handed back', `${agent ?? 'The agent'} handed the visitor back to the bot`);
    case 'idle':
      return ended('Inactive', 'Closed after long inactivity: the visitor is back with the bot');
    case 'visitor_left':
      return ended('Visitor left', 'The visitor left the chat');
    case 'pause_expired':
      return ended('Timed out', 'Chat timed out: the visitor is back with the bot');
    default:
      return ended('Closed', 'The chat was closed');
  }
}

function ended(label: string, text: string, missed = false): Ending {
  return { label, text, missed };
}
