import { css, html, type TemplateResult } from 'lit';
import { blocksOf, type Block, type Inline } from '@baton/client/text';
import type { TextFormat } from '@baton/client/types';

/** Calls `draw`, or `instead` if it throws, so that one bad message does not hide the others. */
export function renderOr(
  draw: () => TemplateResult,
  instead: () => TemplateResult,
): TemplateResult {
  try {
    return draw();
  } catch {
    return instead();
  }
}

/** Draws a text. Widget and desk draw all texts of a conversation with it, so they look alike. */
export function textView(text: string, format: TextFormat): TemplateResult {
  return renderOr(
    () => html`${blocksOf(text, format).map(blockView)}`,
    () => html`<p class="text">${text}</p>`,
  );
}

function blockView(block: Block): TemplateResult {
  switch (block.t) {
    case 'pre':
      return html`<pre class="text" dir="ltr" tabindex="0"><code>${block.v}</code></pre>`;
    case 'ul':
      return html`<ul class="text">
        ${block.items.map(itemView)}
      </ul>`;
    case 'ol':
      return html`<ol class="text" start=${block.start}>
        ${block.items.map(itemView)}
      </ol>`;
    default:
      return html`<p class="text">${block.c.map(inlineView)}</p>`;
  }
}

function itemView(nodes: Inline[]): TemplateResult {
  return html`<li>${nodes.map(inlineView)}</li>`;
}

function inlineView(node: Inline): TemplateResult | string {
  switch (node.t) {
    case 'code':
      return html`<code>${node.v}</code>`;
    case 'strong':
      return html`<strong>${node.c.map(inlineView)}</strong>`;
    case 'em':
      return html`<em>${node.c.map(inlineView)}</em>`;
    case 'link':
      return html`<a href=${node.href} target="_blank" rel="noopener noreferrer nofollow"
        >${node.c.map(inlineView)}</a
      >`;
    default:
      return node.v;
  }
}

export const textStyles = css`
  .text {
    margin: 0;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    unicode-bidi: plaintext;
  }
  .text + .text {
    margin-block-start: 0.55em;
  }
  ul.text,
  ol.text {
    padding-inline-start: 1.35em;
    white-space: normal;
  }
  .text li + li {
    margin-block-start: 0.2em;
  }
  .text a {
    color: inherit;
    text-decoration: underline;
    text-underline-offset: 0.15em;
    text-decoration-thickness: 1px;
  }
  .text code {
    font:
      0.9em ui-monospace,
      'SF Mono',
      Menlo,
      Consolas,
      monospace;
  }
  .text > code,
  li > code {
    background: rgb(127 127 127 / 0.16);
    border-radius: 4px;
    padding: 0.1em 0.3em;
  }
  pre.text {
    background: rgb(127 127 127 / 0.13);
    border-radius: 8px;
    padding: 0.6em 0.75em;
    overflow-x: auto;
    white-space: pre;
  }
`;
