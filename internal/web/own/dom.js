// dom.js: elements without a framework, and sentences with things filled in.

// el makes an element: props are attributes, but on… are listeners and true, false and null set or leave out.
export function el(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

// fill puts values, texts or elements, in the place of {name} in a sentence and gives the pieces.
export function fill(sentence, values = {}) {
  return sentence.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (!name) return part;
    const value = values[name] ?? "";
    return value instanceof Node ? value.cloneNode(true) : String(value);
  });
}
