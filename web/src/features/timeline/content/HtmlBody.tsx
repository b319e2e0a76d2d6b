// Draws a message's HTML as React elements, after DOMPurify has taken out what is not allowed: links that say where they lead, people as
// pills, spoilers that wait for a press, code that can be copied.
import { createElement, Fragment, type ReactNode, useMemo } from "react";

import { CodeBlock } from "./CodeBlock.tsx";
import { Link } from "./Link.tsx";
import styles from "./Body.module.css";
import { sanitise } from "./sanitise.ts";
import { Spoiler } from "./Spoiler.tsx";
import { TextWithLinks } from "./TextWithLinks.tsx";

export function HtmlBody({ html }: { html: string }) {
  const nodes = useMemo(() => draw(sanitise(html).childNodes), [html]);
  return (
    <div className={styles.body} dir="auto">
      {nodes}
    </div>
  );
}

function draw(nodes: NodeListOf<ChildNode>): ReactNode {
  return [...nodes].map((node, index) => <Fragment key={index}>{drawNode(node)}</Fragment>);
}

function drawNode(node: ChildNode): ReactNode {
  if (node.nodeType === Node.TEXT_NODE) {
    return node.parentElement?.closest("a, code") ? node.textContent : <TextWithLinks text={node.textContent ?? ""} />;
  }
  if (!(node instanceof Element)) return null;
  const name = node.tagName.toLowerCase();
  switch (name) {
    case "a":
      return <Link href={node.getAttribute("href")}>{draw(node.childNodes)}</Link>;
    case "pre":
      return <CodeBlock code={node.textContent} />;
    case "br":
    case "hr":
      return createElement(name);
    case "ol":
      return <ol start={Number(node.getAttribute("start") ?? 1)}>{draw(node.childNodes)}</ol>;
    case "h1":
    case "h2":
    case "h3":
    case "h4":
    case "h5":
    case "h6":
      // Headings of a message must not stand among those of the page.
      return <p className={styles.heading}>{draw(node.childNodes)}</p>;
    case "table":
      return (
        <div className={styles.table}>
          <table>{draw(node.childNodes)}</table>
        </div>
      );
    case "span":
      if (node.hasAttribute("data-mx-spoiler")) {
        return <Spoiler reason={node.getAttribute("data-mx-spoiler") ?? ""}>{draw(node.childNodes)}</Spoiler>;
      }
      return draw(node.childNodes);
    default:
      return createElement(name, null, draw(node.childNodes));
  }
}
