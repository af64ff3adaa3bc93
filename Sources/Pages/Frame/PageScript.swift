// The one script of all pages: what is live, times in the visitor's zone, copying. Pages work
// without it. It makes no markup of text: what comes from the server is set as text, or taken from
// a page of the server's own.

package enum PageScript {
    package static let text = #"""
        "use strict";
        (() => {
          const base = document.body.dataset.base || "";
          const each = (selector, body, from = document) =>
            from.querySelectorAll(selector).forEach(body);

          // Times in the visitor's own zone; the server's stays as the tooltip.
          const localize = (from) => each("time[datetime]:not([title])", (time) => {
            const date = new Date(time.dateTime);
            if (Number.isNaN(date.getTime())) return;
            time.title = time.textContent;
            time.textContent = date.toLocaleString(undefined,
              { dateStyle: "medium", timeStyle: "short" });
          }, from);

          const copying = (from) => each(".copied", (box) => {
            if (!navigator.clipboard || box.querySelector("button")) return;
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = "Copy";
            button.addEventListener("click", async () => {
              try {
                await navigator.clipboard.writeText(box.querySelector("pre").textContent);
                button.textContent = "Copied";
              } catch { button.textContent = "Not copied"; }
              setTimeout(() => { button.textContent = "Copy"; }, 2000);
            });
            box.append(button);
          }, from);

          // Looking again: parts that are marked take their place in what is shown, unless somebody
          // is in them. What was chosen or opened stays so.
          const isBusy = (part) => part.contains(document.activeElement)
            && document.activeElement.matches("input, select, textarea, button, iframe");
          const state = (part) => ({
            chosen: new Set([...part.querySelectorAll("input:checked")].map((box) => box.value)),
            open: [...part.querySelectorAll("details")].map((box) => box.open),
          });
          const restore = (part, { chosen, open }) => {
            each("input[type=checkbox]", (box) => { box.checked = chosen.has(box.value); }, part);
            part.querySelectorAll("details").forEach((box, index) => {
              if (index < open.length) box.open = open[index];
            });
          };
          const seen = new Map();
          each("[data-live]", (part) => { seen.set(part.dataset.live, part.innerHTML); });
          let looking = false;
          const look = async () => {
            if (looking || document.hidden) return;
            looking = true;
            try {
              const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
              if (!answer.ok || answer.redirected) return;
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              each("[data-live]", (part) => {
                const key = part.dataset.live;
                const next = page.querySelector(`[data-live="${CSS.escape(key)}"]`);
                if (!next || next.innerHTML === seen.get(key) || isBusy(part)) return;
                seen.set(key, next.innerHTML);
                const kept = state(part);
                part.replaceChildren(...document.importNode(next, true).childNodes);
                restore(part, kept);
                localize(part);
                copying(part);
              });
              const log = page.querySelector("[data-log]");
              const shown = document.querySelector("[data-log]");
              if (log && shown) shown.dataset.follows = log.dataset.follows;
              else if (log && !isBusy(document.body)) location.reload();
            } catch { /* the next look may succeed */ } finally { looking = false; }
          };

          // Progress in place, between two looks.
          const span = (seconds) => {
            const all = Math.round(seconds);
            if (all < 60) return `${all} s left`;
            if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s left`;
            return `${Math.floor(all / 3600)} h ${Math.floor(all / 60) % 60} min left`;
          };
          const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
          const isNews = (data) => [...document.querySelectorAll("[data-progress]")].some((box) =>
            box.dataset.progress === data.job && data.stage
            && box.querySelector('[data-part="stage"]')?.textContent !== String(data.stage));
          const advance = (data) => each("[data-progress]", (box) => {
            if (box.dataset.progress !== data.job) return;
            const set = (name, text) => {
              const part = box.querySelector(`[data-part="${name}"]`);
              if (part) part.textContent = text;
            };
            if (isNumber(data.share)) {
              const share = Math.min(1, Math.max(0, data.share));
              box.querySelector("progress").value = share;
              set("share", `${Math.floor(share * 100)}%`);
            }
            if (data.stage) set("stage", String(data.stage));
            const unit = data.unit ? ` ${data.unit}/s` : "/s";
            set("rate", isNumber(data.rate) ? Number(data.rate.toPrecision(3)) + unit : "");
            set("left", isNumber(data.left_s) ? span(data.left_s) : "");
          });

          // Events say what has changed; where there are none, a look every few seconds does.
          const interval = 5000;
          let timer = 0;
          const poll = (isOn) => {
            if (isOn && !timer) timer = setInterval(look, interval);
            if (!isOn && timer) { clearInterval(timer); timer = 0; }
          };
          let soon = 0;
          const lookSoon = () => {
            if (!soon) soon = setTimeout(() => { soon = 0; look(); }, 300);
          };
          const listen = () => {
            if (!window.EventSource) return poll(true);
            const job = location.pathname.slice(base.length).match(/^\/jobs\/([0-9A-Z]{26})$/);
            const events = new EventSource(`${base}/v1/events${job ? `?job=${job[1]}` : ""}`);
            events.addEventListener("open", () => { poll(false); look(); });
            events.addEventListener("error", () => {
              poll(true);
              // Refused for good, such as where too many listen: try again later.
              if (events.readyState === EventSource.CLOSED) setTimeout(listen, 60000);
            });
            events.addEventListener("progress", (event) => {
              try {
                const data = JSON.parse(event.data);
                // Another stage: the table of stages has changed, too.
                if (isNews(data)) lookSoon();
                advance(data);
              } catch { /* the next one may be whole */ }
            });
            for (const kind of ["job", "attempt", "server", "rejected", "reset"]) {
              events.addEventListener(kind, lookSoon);
            }
            addEventListener("pagehide", () => events.close(), { once: true });
          };

          // The log's new lines, as long as somebody looks at its end.
          const wrong = /error|fatal|failed|traceback|panic|killed|assertion/i;
          const lines = (text) => text.split(/(?<=\n)/).map((line) => {
            if (!wrong.test(line)) return document.createTextNode(line);
            const mark = document.createElement("mark");
            mark.className = "error";
            mark.textContent = line.replace(/\n$/, "");
            const both = document.createDocumentFragment();
            both.append(mark, "\n");
            return both;
          });
          const follow = (log) => {
            const label = document.createElement("label");
            const box = document.createElement("input");
            box.type = "checkbox";
            box.checked = true;
            label.append(box, " Follow");
            log.before(label);
            log.scrollTop = log.scrollHeight;
            let rest = "";
            let decoder = new TextDecoder();
            let reading = false;
            // What a worker writes last is read once it has ended.
            let isWhole = log.dataset.follows !== "yes";
            const read = async () => {
              const follows = log.dataset.follows === "yes";
              label.hidden = !follows;
              if (follows) isWhole = false;
              if (reading || isWhole || !box.checked || document.hidden) return;
              reading = true;
              try {
                const answer = await fetch(`${log.dataset.log}?offset=${log.dataset.offset}`);
                if (!answer.ok) return;
                const next = answer.headers.get("X-Layerfold-Next-Offset");
                const bytes = await answer.arrayBuffer();
                if (Number(next) < Number(log.dataset.offset)) {
                  // Another attempt writes: from its beginning.
                  log.replaceChildren();
                  log.dataset.offset = 0;
                  rest = "";
                  decoder = new TextDecoder();
                  return;
                }
                log.dataset.offset = next;
                rest += decoder.decode(bytes, { stream: true });
                isWhole = !follows && bytes.byteLength === 0;
                const end = isWhole ? rest.length : rest.lastIndexOf("\n") + 1;
                if (end === 0) return;
                log.append(...lines(rest.slice(0, end)));
                rest = rest.slice(end);
                while (log.childNodes.length > 4000) log.firstChild.remove();
                log.scrollTop = log.scrollHeight;
              } catch { /* the next part may come */ } finally { reading = false; }
            };
            read();
            setInterval(read, 2000);
          };

          localize(document);
          copying(document);
          each("[data-log]", follow);
          if (seen.size) {
            listen();
            // Times and figures that nobody tells of.
            setInterval(look, 60000);
          }
          document.addEventListener("visibilitychange", () => { if (seen.size) lookSoon(); });
        })();

        """#
}
