/**
 * The host page of the demo. It asks the server for the bot and the demo agent's sign-in, then
 * includes the widget like any other page.
 */
interface Demo {
  botId: string;
  agentEmail: string;
  agentPassword: string;
  deskUrl: string;
}

interface PageApi {
  open(): void;
  sendText(text: string): void;
}

interface ScriptPolicy {
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

const fallback: Demo = { botId: 'support', agentEmail: '', agentPassword: '', deskUrl: 'desk' };

async function demo(): Promise<Demo> {
  try {
    const response = await fetch('demo.json');
    return response.ok ? { ...fallback, ...((await response.json()) as Partial<Demo>) } : fallback;
  } catch {
    return fallback;
  }
}

/** The content security policy of the page asks for trusted types. */
function scriptUrl(url: string): string {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  const policy = types?.createPolicy('baton-demo', { createScriptURL: (own) => own });
  return policy?.createScriptURL(url) ?? url;
}

function includeWidget(botId: string): void {
  const script = document.createElement('script');
  script.src = scriptUrl('widget.js');
  script.async = true;
  script.dataset.botId = botId;
  script.dataset.botName = 'Halden assistant';
  document.head.append(script);
}

function showSignIn({ agentEmail, agentPassword, deskUrl }: Demo): void {
  const desk = document.querySelector<HTMLAnchorElement>('#desk');
  if (desk) desk.href = deskUrl;
  const line = document.querySelector('#sign-in');
  if (!line) return;
  if (deskUrl.includes('/_simulator/')) {
    // The simulated tool has no sign-in.
    line.textContent = 'Here agents work in a simulated tool. Open it and act as an agent.';
    if (desk) desk.textContent = 'Open the tool';
    return;
  }
  if (!agentEmail) return;
  const code = (text: string) => {
    const element = document.createElement('code');
    element.textContent = text;
    return element;
  };
  line.replaceChildren('Sign in with ', code(agentEmail), ' and ', code(agentPassword), '.');
}

for (const button of document.querySelectorAll<HTMLElement>('[data-chat]')) {
  button.addEventListener('click', () => {
    const chat = (window as { Baton?: PageApi }).Baton;
    chat?.open();
    const words = button.dataset.chat;
    if (words) chat?.sendText(words);
  });
}

void demo().then((known) => {
  showSignIn(known);
  includeWidget(known.botId);
  return known;
});
