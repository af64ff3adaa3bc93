// The manifest as text, with what the parser says at the line that it says it of, and the plan
// before the button that sends it.

package import Jobs
import Report

/// What became of a look at a manifest.
package enum ManifestCheck: Sendable {
    case unchecked
    /// The parser's word.
    case fault(ManifestError)
    /// Something that it names is not there, or the queue does not take it.
    case refused(String)
    /// It would be taken.
    case sound(SubmitPlan)

    var fault: ManifestError? { if case .fault(let fault) = self { fault } else { nil } }
}

struct ManifestEditor {
    let text: String
    let check: ManifestCheck
    /// The job's where the text gives none; nil for the server's.
    var name: String?

    func render(_ frame: Frame) -> Markup {
        let place: Markup =
            check.fault.map { fault in
                """
                 aria-invalid="true" aria-describedby="fault" data-line="\(fault.line)" \
                data-column="\(fault.column)"
                """
            } ?? ""
        let rows = min(40, max(14, Self.lines(text).count + 2))
        // Only a look comes back to the editor: a fragment outlives the way to the job's page.
        // The first line end behind the tag is not part of the text.
        return """
            <section id="editor"><h2>Manifest</h2>
            <form class="editor" method="post" action="\(frame.link("/submit"))">\
            \(frame.tokenField)\(nameField)
            \(verdict)
            <p><label for="manifest">YAML; JOB_FORMAT.md tells every key</label></p>
            <textarea id="manifest" name="manifest" rows="\(rows)" cols="80" spellcheck="false" \
            autocapitalize="off" wrap="off"\(place)>
            \(text)</textarea>
            <p><button type="submit" name="do" value="check" \
            formaction="\(frame.link("/submit"))#editor">Check and plan</button></p>
            \(sending)
            </form></section>

            """
    }

    private var nameField: Markup {
        name.map { "<input type=\"hidden\" name=\"name\" value=\"\($0)\">" } ?? ""
    }

    private var verdict: Markup {
        switch check {
        case .unchecked: ""
        case .fault(let fault): self.fault(fault)
        case .refused(let reason):
            """
            <p class="notice" role="alert">The server does not take it: \
            \(Prose.markup(reason.shortened(to: 2000)))</p>
            """
        case .sound: "<p role=\"status\">The manifest is sound.</p>"
        }
    }

    private var sending: Markup {
        guard case .sound(let plan) = check else { return "" }
        return """
            \(plan.markup)
            <p><button type="submit" name="do" value="send">Send the job</button></p>
            """
    }

    // MARK: Faults

    private static let around = 4
    private static let lineMax = 300

    private func fault(_ fault: ManifestError) -> Markup {
        let lines = Self.lines(text)
        let first = max(1, min(fault.line, lines.count) - Self.around)
        let last = min(lines.count, fault.line + Self.around)
        let shown = (first...max(first, last)).map { number -> Markup in
            let line = number <= lines.count ? lines[number - 1] : ""
            return row(number, line, number == fault.line ? fault : nil)
        }
        let path: Markup =
            fault.path.isEmpty ? "" : ", <code>\(fault.path.shortened(to: 200))</code>"
        return """
            <div class="fault" id="fault" role="alert">
            <p>Line \(fault.line), column \(fault.column)\
            \(path): \(words(fault))</p>
            <pre class="lines">\(shown)</pre></div>
            """
    }

    private func words(_ fault: ManifestError) -> Markup {
        var words: Markup = "<strong>\(fault.problem.shortened(to: 500))</strong>"
        if let expected = fault.expected { words += "; expected \(expected.shortened(to: 500))" }
        if let found = fault.found { words += "; found \(found.shortened(to: 200))" }
        if let hint = fault.hint { words += "; \(Prose.markup(hint.shortened(to: 500)))" }
        return words
    }

    /// A numbered line; of the one at fault what is behind the column is marked, and the words
    /// stand below it.
    private func row(_ number: Int, _ line: String, _ fault: ManifestError?) -> Markup {
        let label = String(number)
        let digits = String(repeating: " ", count: max(0, 5 - label.count)) + label
        guard let fault else {
            return "<span class=\"number\">\(digits)</span>  \(line.shortened(to: Self.lineMax))\n"
        }
        let scalars = Array(line.unicodeScalars)
        let column = min(max(0, fault.column - 1), scalars.count)
        var (before, behind) = ("", "")
        before.unicodeScalars.append(contentsOf: scalars[..<column])
        behind.unicodeScalars.append(contentsOf: scalars[column...])
        if behind.isEmpty { behind = " " }
        // Below the column, where that is not far out.
        let blanks = String(repeating: " ", count: 7 + min(column, 60))
        return """
            <span class="wrong"><span class="number">\(digits)</span>  \
            \(before.shortened(to: Self.lineMax))<mark>\(behind.shortened(to: Self.lineMax))</mark>
            <span class="below">\(blanks)^ \(fault.problem.shortened(to: 500))</span></span>

            """
    }

    /// As the parser counts them.
    static func lines(_ text: String) -> [String] {
        var lines = [""]
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x85, 0x2028, 0x2029: lines.append("")
            default: lines[lines.count - 1].unicodeScalars.append(scalar)
            }
        }
        return lines
    }
}
