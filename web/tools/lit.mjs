// Adapts Lit to pages of others while it is bundled. Its templates are made in a document of their
// own, because a page served as XHTML would parse them as XML. Its trusted-types policy has our
// name, because a page that uses Lit itself has a policy of Lit's name already.

const CHANGES = [
  [
    /(\w+)\.createElement\("template"\)/,
    '$1.implementation.createHTMLDocument("").createElement("template")',
  ],
  ['createPolicy("lit-html"', 'createPolicy("baton-html"'],
];

export function litForAnyPage() {
  return {
    name: 'lit-for-any-page',
    transform(code, id) {
      if (!/\/lit-html\/(?:\w+\/)?lit-html\.js$/.test(id)) return null;
      return CHANGES.reduce((text, [from, to]) => {
        const changed = text.replace(from, to);
        if (changed === text) throw new Error(`lit-html has changed: ${from} was not found`);
        return changed;
      }, code);
    },
  };
}
