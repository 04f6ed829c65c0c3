/** Loads a script by a script tag: the page's content security policy already allows our host. */
export function include(src: string, nonce: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    if (nonce) tag.nonce = nonce;
    tag.src = trusted(src);
    tag.onload = () => resolve();
    tag.onerror = () => {
      tag.remove();
      reject(new Error('the chat could not be loaded'));
    };
    document.head.append(tag);
  });
}

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): string;
  };
}

function trusted(url: string): string {
  const policies = (window as { trustedTypes?: Policies }).trustedTypes;
  if (!policies) return url;
  try {
    return policies.createPolicy('baton', { createScriptURL: (own) => own }).createScriptURL(url);
  } catch {
    return url;
  }
}
