/** What is in the document, and how lists in it are made. Texts of others are only ever text. */

/** The most lines of the talk that are kept: who says much is not to fill the memory of the tab. */
const MOST_LINES = 1_000;

export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) {
    throw new Error(`there is no #${id}`);
  }
  return found as T;
}

export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...inside);
  return node;
}

/** What others have written, apart from what is around it in whatever direction it runs. */
export function written(text: string, className = ""): HTMLElement {
  return made("bdi", className, text);
}

export function button(label: string, act: () => void): HTMLButtonElement {
  const node = made("button", "", label);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

/** Says something in a place, unless it is said there already: who listens is not told it twice. */
export function say(place: HTMLElement, text: string): void {
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

/** Puts these into a list. An item that is there by the same key stays, with the focus that it may have. */
export function fill(list: HTMLElement, items: ReadonlyMap<string, () => HTMLElement>): void {
  const there = new Map([...list.children].map((child) => [(child as HTMLElement).dataset.key, child as HTMLElement]));
  for (const [key, child] of there) {
    if (key === undefined || !items.has(key)) {
      child.remove();
    }
  }
  for (const [key, make] of items) {
    if (!there.has(key)) {
      const item = make();
      item.dataset.key = key;
      list.append(item);
    }
  }
}

/** Adds a line to the talk, and shows it, unless the person reads above. */
export function add(log: HTMLElement, item: HTMLElement): void {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(item);
  while (log.childElementCount > MOST_LINES) {
    log.firstElementChild?.remove();
  }
  if (isAtEnd) {
    log.scrollTop = log.scrollHeight;
  }
}

/** What cannot be done, and why; nothing takes it away. */
export function trouble(what: string): void {
  const place = element("trouble");
  say(place, what);
  place.hidden = what === "";
}
