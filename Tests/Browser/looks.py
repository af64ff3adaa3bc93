"""What holds for the look of every page: nothing wider than the screen, and text that can be read."""

# Text whose contrast with what is behind it is below WCAG 2.2 AA: 4.5 to 1, large text 3 to 1.
CONTRAST = r"""(() => {
  const parse = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    if (text.startsWith("color(srgb")) {
      return [numbers[0] * 255, numbers[1] * 255, numbers[2] * 255, numbers[3] ?? 1];
    }
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  };
  const over = (front, back) => front.slice(0, 3).map(
    (value, place) => value * front[3] + back[place] * (1 - front[3])).concat(1);
  const light = (color) => {
    const [red, green, blue] = color.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const layers = [];
    for (let here = element; here; here = here.parentElement) {
      const color = parse(getComputedStyle(here).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    let result = isDark ? [18, 18, 18, 1] : [255, 255, 255, 1];
    for (const layer of layers.reverse()) result = over(layer, result);
    return result;
  };
  const wrong = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || !element || !element.checkVisibility()) continue;
    if (element.closest("option, script, noscript, [disabled]")) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const isDrawn = element instanceof SVGElement;
    const front = over(parse(isDrawn ? style.fill : style.color), back);
    const [high, low] = [light(front), light(back)].sort((one, other) => other - one);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5) - 0.01) {
      wrong.add(`${ratio.toFixed(2)}: ${element.tagName.toLowerCase()}.${element.className}`
        + ` "${node.data.trim().slice(0, 40)}"`);
    }
  }
  return [...wrong].slice(0, 10);
})()"""

# Elements that reach beyond the screen, but those that scroll by themselves.
WIDE = r"""(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width + 1) return [];
  const scrolls = (element) => {
    for (let here = element.parentElement; here; here = here.parentElement) {
      const style = getComputedStyle(here);
      if (style.overflowX !== "visible" && here !== document.body) return true;
    }
    return false;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
    .map((element) => element.outerHTML.slice(0, 120)).slice(0, 5)
    .concat([`${document.documentElement.scrollWidth} of ${width} pixels`]);
})()"""

# Fields that nobody names, and names of elements that stand twice.
NAMES = r"""(() => {
  const wrong = [];
  for (const field of document.querySelectorAll("input, select, textarea, button")) {
    if (field.type === "hidden") continue;
    const named = field.labels?.length || field.getAttribute("aria-label")
      || field.getAttribute("aria-labelledby") || field.textContent.trim();
    if (!named) wrong.push(`no label: ${field.outerHTML.slice(0, 120)}`);
  }
  const seen = new Set();
  for (const element of document.querySelectorAll("[id]")) {
    if (seen.has(element.id)) wrong.push(`two of #${element.id}`);
    seen.add(element.id);
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (!document.documentElement.lang) wrong.push("no language");
  return wrong.slice(0, 10);
})()"""

# What no page of ours has, whatever stands in names.
INJECTED = r"""(() => {
  const wrong = [];
  if (window.injected) wrong.push("script of a name ran");
  for (const element of document.querySelectorAll(
    "script:not([src]), style, img, object, embed, base, [style], [onerror], [onload], [onclick]"
  )) wrong.push(element.outerHTML.slice(0, 120));
  return wrong;
})()"""

WIDTHS = (400, 900, 1400)
SCHEMES = ("light", "dark")


def look(page, name, folder, fail):
    """Looks at a page in every width and scheme.

    - folder: where pictures go; None for nowhere.
    - fail: is told what is wrong.
    """
    for scheme in SCHEMES:
        page.scheme(scheme)
        for width in WIDTHS:
            page.size(width)
            place = f"{name}, {width} pixels, {scheme}"
            for fault in page.evaluate(WIDE):
                fail(f"{place}: wider than the screen: {fault}")
            for fault in page.evaluate(CONTRAST):
                fail(f"{place}: too little contrast: {fault}")
            if folder:
                page.screenshot(f"{folder}/{name}-{width}-{scheme}.png")
    page.size(1400)
    page.scheme("light")
    for fault in page.evaluate(NAMES):
        fail(f"{name}: {fault}")
    for fault in page.evaluate(INJECTED):
        fail(f"{name}: {fault}")
