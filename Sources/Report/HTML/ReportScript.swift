// The page's only script: tooltips that can be read (and touched) instead of the browser's own,
// tables that sort by a click on a heading, and buttons that copy the lines below them. Without it
// the page lacks nothing but these. Links to files that are out of reach become plain text.

enum ReportScript {
    /// The script's digest for the content policy: a browser runs this text and no other.
    /// A test computes it again and says what to write here.
    static let policy: Markup = "sha256-W4H+N5KSfj9ozY5og79xw8XMoG5JOUPE42OTbuZZuxA="

    static let markup: Markup = #"""
        (function () {
          "use strict";
          var tip = document.createElement("div");
          tip.className = "tip";
          tip.hidden = true;
          tip.setAttribute("aria-hidden", "true");
          document.body.appendChild(tip);
          var owner = null, title = null;

          function titled(node) {
            for (; node && node.nodeName !== "svg"; node = node.parentNode) {
              var first = node.firstElementChild;
              if (node === owner || (first && first.nodeName === "title")) return node;
            }
            return null;
          }
          function place(event) {
            var gap = 14, box = tip.getBoundingClientRect();
            var x = event.clientX + gap, y = event.clientY + gap;
            if (x + box.width > innerWidth - 8) x = event.clientX - box.width - gap;
            if (y + box.height > innerHeight - 8) y = event.clientY - box.height - gap;
            tip.style.left = Math.max(8, x) + "px";
            tip.style.top = Math.max(8, y) + "px";
          }
          function hide() {
            if (!owner) return;
            owner.insertBefore(title, owner.firstChild);
            owner = title = null;
            tip.hidden = true;
          }
          function show(event) {
            var target = event.target;
            var node = target.closest && target.closest("svg") ? titled(target) : null;
            if (node !== owner) {
              hide();
              if (!node) return;
              owner = node;
              title = node.firstElementChild;
              tip.textContent = title.textContent;
              node.removeChild(title);
              tip.hidden = false;
            }
            if (owner) place(event);
          }
          document.addEventListener("pointermove", show);
          document.addEventListener("pointerdown", show);
          document.addEventListener("pointerleave", hide);
          document.addEventListener("scroll", hide, true);

          function key(row, column) {
            var cell = row.children[column];
            if (!cell) return "";
            var value = cell.getAttribute("data-v");
            return value === null ? cell.textContent.trim() : parseFloat(value);
          }
          function compare(a, b) {
            if (typeof a === "number" && typeof b === "number") return a - b;
            if (typeof a === "number") return -1;
            if (typeof b === "number") return 1;
            return a.localeCompare(b, undefined, { numeric: true });
          }
          function sortable(table) {
            var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
            var body = table.tBodies[table.tBodies.length - 1];
            heads.forEach(function (head, column) {
              var button = document.createElement("button");
              button.type = "button";
              while (head.firstChild) button.appendChild(head.firstChild);
              head.appendChild(button);
              button.addEventListener("click", function () {
                var down = head.getAttribute("aria-sort") === "ascending";
                heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
                head.setAttribute("aria-sort", down ? "descending" : "ascending");
                table.classList.add("sorted");
                Array.prototype.slice.call(body.rows)
                  .sort(function (a, b) {
                    return (down ? -1 : 1) * compare(key(a, column), key(b, column));
                  })
                  .forEach(function (row) { body.appendChild(row); });
              });
            });
          }
          document.querySelectorAll("table.sortable").forEach(sortable);

          function copyable(block) {
            var frame = document.createElement("div");
            var button = document.createElement("button");
            frame.className = "copied";
            button.type = "button";
            button.textContent = "Copy";
            block.parentNode.insertBefore(frame, block);
            frame.appendChild(block);
            frame.appendChild(button);
            button.addEventListener("click", function () {
              // Pages that lie in a folder have no clipboard of their own in every browser.
              var selection = getSelection();
              selection.selectAllChildren(block.querySelector("code"));
              var done = document.execCommand("copy");
              selection.removeAllRanges();
              button.textContent = done ? "Copied" : "Press Ctrl-C";
            });
          }
          document.querySelectorAll("#use .scroll").forEach(copyable);

          // A server that shows the page in a sandbox has none of the files that lie beside it.
          if (self.origin === "null" && location.protocol !== "file:") {
            document.querySelectorAll("a:not([href^='#'])").forEach(function (link) {
              link.replaceWith.apply(link, link.childNodes);
            });
          }
        })();
        """#
}
