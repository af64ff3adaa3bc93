// The section `export`.

import Catalogue

extension ManifestParser {
    /// nil where the manifest has none.
    func exports(_ field: Field?) throws -> [JobDescription.Export]? {
        guard let field else { return nil }
        let items = try field.list("a list of formats", countMax: ManifestLimits.entriesMax)
        guard !items.isEmpty else {
            throw field.error(
                "the list is empty", hint: "add `- {format: gguf, type: q8_0}`, or take it out")
        }
        var names: Set<String> = []
        return try items.map { item in
            let export = try export(item)
            guard names.insert(export.fileName(of: "")).inserted else {
                throw item.error(
                    "format `\(export.format)` is asked for twice with type `\(export.type)`",
                    hint: "remove one of them")
            }
            return export
        }
    }

    private func export(_ field: Field) throws -> JobDescription.Export {
        let map = try FieldMap(field, "a mapping with `format` and `type`")
        let name = try map.required("format", hint: "add `format: \(Self.words(Offer.exports))`")
            .choice(of: Offer.exports.map(\.name), called: "format")
        let values = try parameters(
            Offer.export(name)?.parameters ?? [], of: map, besides: ["format"],
            in: "format \(name)")
        return JobDescription.Export(format: name, parameters: values)
    }
}
