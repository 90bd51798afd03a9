// For each piece of HTML on the page: `element` is the piece, `trigger` tells the server.
// Nothing here reads or builds HTML from texts; the server has escaped them.

// Lights exactly one claim's words; null for none.
const light = claim => {
  for (const mark of document.querySelectorAll('mark[data-claims]')) {
    mark.classList.toggle('lit', mark.dataset.claims.split(' ').includes(claim));
  }
};
let chosen = null;  // the claim whose marker was clicked: it stays lit when the pointer leaves
const quiet = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';

// A marker opens its source: the card comes into view with exactly this claim's words lit.
const show = cite => {
  const card = document.getElementById(cite.dataset.to);
  if (!card) return;
  chosen = cite.dataset.claim;
  light(chosen);
  const mark = card.querySelector('mark.lit') || card;
  mark.scrollIntoView({block: 'nearest', behavior: quiet});
  card.focus({preventScroll: true});
};

const plainAnswer = turn => {
  const lines = [turn.querySelector('.question').textContent, ''];
  for (const part of turn.querySelectorAll(
      '.answer .lead, .answer .says, .answer .claim, .answer .reason')) {
    const copy = part.cloneNode(true);
    for (const badge of copy.querySelectorAll('.checked')) badge.remove();
    lines.push(copy.textContent.trim());
  }
  lines.push('');
  for (const heading of turn.querySelectorAll('.card h3')) {
    const link = heading.querySelector('a');
    lines.push(heading.textContent.trim() + (link ? ' ' + link.href : ''));
  }
  return lines.join('\n').trim() + '\n';
};
const copyText = async text => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = document.createElement('textarea');
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand('copy');
    box.remove();
  }
};

const toQuestion = () => {
  const box = document.querySelector('#question textarea');
  if (box) box.focus({preventScroll: true});
};

const act = async button => {
  const data = {...button.dataset};
  if (data.do === 'copy') {
    await copyText(plainAnswer(button.closest('.turn')));
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    return;
  }
  if (data.do === 'remove') {
    data.ids = [...element.querySelectorAll('.tick:checked')].map(tick => tick.value);
    if (!data.ids.length) return;
    const papers = data.ids.length === 1 ? '1 paper' : data.ids.length + ' papers';
    if (!confirm('Remove ' + papers + ' from this collection?')) return;
  }
  if (data.do === 'delete' && !confirm('Delete this conversation? It cannot be brought back.')) return;
  if (data.do === 'rename') {
    data.title = prompt('Name of the conversation', data.title);
    if (!data.title || !data.title.trim()) return;
  }
  if (data.do === 'judge' && data.good === 'no' && data.pressed !== 'True') {
    data.note = prompt('What is wrong with it? (kept on this machine; may be left empty)', '');
    if (data.note === null) return;
  }
  if (data.do === 'again' || data.do === 'edit') {
    const after = document.querySelectorAll('.turn').length - Number(data.n);
    const them = after === 1 ? 'the answer after it' : 'the ' + after + ' answers after it';
    const does = data.do === 'again' ? 'Answering this question again' : 'Changing this question';
    if (after > 0 && !confirm(does + ' gives up ' + them + '.')) return;
  }
  trigger('click', data);
  if (data.do === 'edit') toQuestion();
};

element.addEventListener('click', event => {
  const cite = event.target.closest('.cite');
  if (cite) return show(cite);
  const button = event.target.closest('[data-do]');
  if (button) return act(button);
  const point = event.target.closest('.point[data-paper]');
  if (point) trigger('click', {do: 'paper', id: point.dataset.paper});
});
// On the map, arrow keys go to the nearest paper that way: nearer counts, and straight ahead.
const ahead = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const placeOf = point => {
  const dot = point.querySelector('.dot');
  return [Number(dot.getAttribute('cx')), Number(dot.getAttribute('cy'))];
};
const neighbour = (point, [right, down]) => {
  const [x, y] = placeOf(point);
  let found = null, least = Infinity;
  for (const other of element.querySelectorAll('.point[data-paper]')) {
    const [dx, dy] = placeOf(other).map((value, n) => value - [x, y][n]);
    const along = dx * right + dy * down, beside = Math.abs(dx * down) + Math.abs(dy * right);
    const cost = along + 2 * beside;
    if (along > 0 && beside <= 2 * along && cost < least) [found, least] = [other, cost];
  }
  return found;
};
element.addEventListener('keydown', event => {
  const point = event.target.closest && event.target.closest('.point[data-paper]');
  if (!point) return;
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    trigger('click', {do: 'paper', id: point.dataset.paper});
  } else if (ahead[event.key]) {
    event.preventDefault();
    const next = neighbour(point, ahead[event.key]);
    if (!next) return;
    point.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  }
});
for (const [kind, over] of [['mouseover', true], ['mouseout', false]]) {
  element.addEventListener(kind, event => {
    const cite = event.target.closest('.cite');
    if (cite) light(over ? cite.dataset.claim : chosen);
  });
}

// The answer on its way comes into view from its question on, as soon as the page is long enough;
// whoever scrolls meanwhile is left alone.
let followed = '', placed = null;
const follow = () => {
  const turn = element.querySelector('.turn:last-of-type');
  if (!turn) return;
  const going = !turn.matches('.done, .stopped, .failed');
  if (going && turn.id !== followed) [followed, placed] = [turn.id, scrollY];
  if (turn.id === followed && placed !== null) {
    if (Math.abs(scrollY - placed) > 4) placed = null;
    else if (turn.getBoundingClientRect().top > innerHeight * .3) {
      turn.scrollIntoView({block: 'start', behavior: 'instant'});
      placed = scrollY;
    }
  }
  if (!going) followed = '';
};

// Gradio mends the HTML in place. A box that was ticked for one paper must not stay so for another
// that takes its row; and a paper that is shown comes into view.
let paper = '';
new MutationObserver(changes => {
  for (const {attributeName, target} of changes) {
    if (attributeName === 'value' && target.matches('.tick')) target.checked = false;
  }
  const card = element.querySelector(':scope section.card[aria-label="Paper"]');
  const text = card ? card.textContent : '';
  if (text && text !== paper) {
    card.focus({preventScroll: true});
    card.scrollIntoView({block: 'nearest', behavior: quiet});
  }
  paper = text;
  follow();
}).observe(element, {subtree: true, childList: true, characterData: true, attributes: true,
                     attributeFilter: ['value', 'class']});

// Once for the page: "/" goes to the question, Esc stops an answer; and the keyboard stays with the
// question when a button that was pressed goes.
if (!window.ragKeys) {
  window.ragKeys = true;
  document.addEventListener('click', event => {
    if (event.target.closest('#ask button, #examples button')) setTimeout(toQuestion);
  });
  document.addEventListener('keydown', event => {
    const typing = event.target.closest && event.target.closest('input, textarea, select, [contenteditable]');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = document.querySelector('#question textarea');
      if (box) { event.preventDefault(); box.focus(); }
    }
    if (event.key === 'Escape') {
      const stop = document.querySelector('#stop:not([disabled])');
      if (stop && stop.offsetParent !== null) stop.click();
    }
  });
}
