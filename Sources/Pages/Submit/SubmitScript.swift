// What makes the form shorter and the editor quicker; neither needs it.

package enum SubmitScript {
    /// Stands in the page's own script file; does nothing on other pages.
    package static let text = #"""
        (() => {
          const groups = [...document.querySelectorAll("details[data-chooser]")];
          const chosen = (name) => {
            const inputs = [...document.getElementsByName(name)];
            const boxes = inputs.filter((input) => input.type === "checkbox");
            if (boxes.length) return boxes.filter((box) => box.checked).map((box) => box.value);
            return inputs.map((input) => input.value);
          };
          const show = () => {
            for (const group of groups) {
              const values = chosen(group.dataset.chooser);
              group.hidden = !values.includes(group.dataset.choice);
            }
          };
          if (groups.length) {
            document.addEventListener("change", show);
            show();
          }
          const editor = document.getElementById("manifest");
          if (editor && editor.dataset.line) {
            const lines = editor.value.split("\n");
            const line = Math.min(Number(editor.dataset.line), lines.length);
            const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
            const text = [...(lines[line - 1] || "")];
            const column = Math.max(0, Number(editor.dataset.column) - 1);
            const at = before + text.slice(0, column).join("").length;
            editor.focus();
            editor.setSelectionRange(at, before + (lines[line - 1] || "").length);
          }
        })();

        """#
}
