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

interface Policy {
  createScriptURL(url: string): string;
}

interface Policies {
  createPolicy(name: string, rules: Policy): Policy;
}

/** A page with trusted types must allow the policies `baton` and `baton-html`. */
let policy: Policy | undefined;

function trusted(url: string): string {
  const { trustedTypes } = window as { trustedTypes?: Policies };
  try {
    policy ??= trustedTypes?.createPolicy('baton', { createScriptURL: (own) => own });
  } catch {
    // The page does not allow it. Without enforcement the address works as it is.
  }
  return policy?.createScriptURL(url) ?? url;
}
