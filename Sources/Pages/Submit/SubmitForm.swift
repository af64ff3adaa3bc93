// The form. Without script every parameter of every choice stands in a closed part of the page; the
// script hides those of choices that are not made.

import Catalogue
import Report

struct SubmitForm {
    let fields: SubmitFields
    /// Models that the server knows of.
    let models: [String]

    func render(_ frame: Frame, isOpen: Bool) -> Markup {
        """
        <details class="maker"\(isOpen ? " open" : "")><summary>Fill in a form</summary>
        <form class="job" method="post" action="\(frame.link("/submit"))">\(frame.tokenField)
        \(lists)
        \(job)\(compress)\(calibration)\(evaluate)\(quantize)\(more)
        <p><button type="submit" name="do" value="make">Write the manifest and plan it</button></p>
        </form></details>

        """
    }

    /// What may be typed where any text may.
    private var lists: Markup {
        let texts = Offer.builtInTexts.map { Self.option($0.path) }
        return """
            <datalist id="models">\(models.map { Self.option($0) })</datalist>
            <datalist id="texts">\(texts)</datalist>
            """
    }

    private static func option(_ value: String) -> Markup { "<option value=\"\(value)\"></option>" }

    // MARK: Sections

    private var job: Markup {
        let hint: Markup =
            models.isEmpty
            ? "A folder below a model root, or a name ORG/NAME in a Hugging Face cache there."
            : "A folder below a model root, or a name ORG/NAME. Known: \(models.count)."
        return """
            <fieldset><legend>Job</legend>
            \(input("model", "Model", hint, list: "models", isRequired: true))
            \(input("name", "Name", "Left empty: the model's, with the method."))
            \(input(
                "priority", "Priority",
                "\(Offer.priority.meaning) \(Offer.priority.kind.formWords); otherwise 0."))
            </fieldset>

            """
    }

    private var compress: Markup {
        let measures: [(String, String)] =
            [("ratios", "ratios: shares of the layers to remove")]
            + Budget.Measure.allCases.map { ($0.rawValue, "\($0.rawValue): \($0.expected)") }
        return """
            <fieldset><legend>Method</legend>
            \(select("method", "Method", SubmitOffer.methods.map { ($0.name, $0.name) }))
            \(select("amount", "How much, by", measures))
            \(input("amount_value", "How much", "Several ratios make several models: 0.125, 0.25"))
            \(groups(SubmitOffer.methods, chooser: "method"))
            </fieldset>

            """
    }

    private var calibration: Markup {
        """
        <fieldset><legend>Calibration</legend>
        \(select(
            "dataset", "Texts to learn from",
            [("", "none")] + SubmitOffer.datasets.map { ($0.name, $0.name) }))
        \(groups(SubmitOffer.datasets, chooser: "dataset"))
        <p class="faint">Mixtures of sets are written in the editor.</p>
        \(select(
            "similarity", "Measure of similarity",
            [("", "\(Offer.defaultSimilarity), the default")]
                + SubmitOffer.measures.map { ($0.name, $0.name) }))
        \(groups(SubmitOffer.measures, chooser: "similarity"))
        \(select(
            "representation", "What stands for a sample",
            [("", "\(Offer.defaultRepresentation), the default")]
                + Offer.representations.map { ($0.name, "\($0.name): \($0.summary)") }))
        \(select("compute", "Numerics", [("", "auto, the default")] + words(Offer.compute.kind)))
        </fieldset>

        """
    }

    private var evaluate: Markup {
        """
        <fieldset><legend>Evaluations</legend>
        \(checks(SubmitOffer.tasks, chooser: "task"))</fieldset>

        """
    }

    private var quantize: Markup {
        """
        <fieldset><legend>In fewer bits</legend>
        \(checks(SubmitOffer.quantizations, chooser: "quantize"))</fieldset>

        """
    }

    private var more: Markup {
        """
        <fieldset><legend>Output</legend>
        \(checks(SubmitOffer.exports, chooser: "export"))
        \(Offer.output.map { ParameterField($0, name: "o.\($0.name)").render(fields) })
        </fieldset>

        """
    }

    // MARK: Parts

    private func groups(_ groups: [ParameterGroup], chooser: String) -> Markup {
        groups.reduce("" as Markup) { $0 + group($1, chooser: chooser) }
    }

    /// A choice among several, with its parameters.
    private func checks(_ groups: [ParameterGroup], chooser: String) -> Markup {
        groups.reduce("" as Markup) { sum, group in
            let mark: Markup = fields.has(chooser, group.name) ? " checked" : ""
            return sum
                + """
                <p class="check"><label><input type="checkbox" name="\(chooser)" \
                value="\(group.name)"\(mark)> \(group.name)</label> \
                <span class="faint">\(Prose.markup(group.summary))</span></p>
                \(self.group(group, chooser: chooser))
                """
        }
    }

    private func group(_ group: ParameterGroup, chooser: String) -> Markup {
        guard !group.parameters.isEmpty else { return "" }
        // What the form begins with is for those who want to know.
        let isFilled =
            fields != .initial
            && group.parameters.contains { !fields[group.field($0)].isEmpty }
        let isOpen: Markup = isFilled && fields.has(chooser, group.name) ? " open" : ""
        let inputs = group.parameters.map { parameter in
            ParameterField(parameter, name: group.field(parameter)).render(fields)
        }
        return """
            <details class="parameters" data-chooser="\(chooser)" data-choice="\(group.name)"\
            \(isOpen)><summary>What \(group.name) can be told</summary>
            <p class="faint">\(Prose.markup(group.summary))</p>
            \(inputs)</details>

            """
    }

    private func words(_ kind: ParameterKind) -> [(String, String)] {
        if case .choice(let words) = kind { words.map { ($0, $0) } } else { [] }
    }

    private func input(
        _ name: String, _ label: Markup, _ hint: Markup, list: String? = nil,
        isRequired: Bool = false
    ) -> Markup {
        let attributes: Markup =
            (list.map { " list=\"\($0)\"" } ?? "") + (isRequired ? " required" : "")
        return """
            <p class="field"><label for="f-\(name)">\(label)</label>
            <input id="f-\(name)" name="\(name)" value="\(fields[name])" autocomplete="off" \
            spellcheck="false" aria-describedby="h-\(name)"\(attributes)>
            <span class="faint" id="h-\(name)">\(hint)</span></p>

            """
    }

    private func select(_ name: String, _ label: Markup, _ options: [(String, String)]) -> Markup {
        let items = options.map { value, text -> Markup in
            let mark: Markup = fields[name] == value ? " selected" : ""
            return "<option value=\"\(value)\"\(mark)>\(text)</option>"
        }
        return """
            <p class="field"><label for="f-\(name)">\(label)</label>
            <select id="f-\(name)" name="\(name)">\(items)</select></p>

            """
    }
}
