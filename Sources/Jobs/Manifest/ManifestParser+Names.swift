// No two parts of a job's results have one name, not even on a file system that does not tell
// capitals from small letters: results are copied to such disks.

import Catalogue

extension ManifestParser {
    /// Names are ASCII, so that capitals are all that can differ.
    /// - Throws: `ManifestError` at the label that makes two names equal.
    func refuseCollisions(in job: JobDescription, _ map: FieldMap) throws {
        let compress = try labels(map["compress"])
        let quantize = try labels(map["quantize"])
        var names = TakenNames()
        let candidates = zip(
            job.candidates,
            job.compress.enumerated().flatMap { index, entry in
                entry.candidates.map { _ in compress[index] }
            })
        for (candidate, label) in candidates {
            try names.take(candidate.folder, by: label ?? map.field)
        }
        let models = candidates.map { (name: $0.folder, label: $1) }
        for (index, name) in job.quantizationNames.enumerated() {
            let includesOriginal = job.quantize?[index].original ?? false
            for source in models + (includesOriginal ? [(JobName.original, nil)] : []) {
                try names.take(
                    "\(source.name)-\(name)", by: quantize[index] ?? source.label ?? map.field)
            }
        }
        for export in job.export ?? [] {
            for source in models + (export.includesOriginal ? [(JobName.original, nil)] : []) {
                try names.take(
                    export.fileName(of: source.name), by: source.label ?? map.field)
            }
        }
    }

    /// The field `label` of each entry.
    private func labels(_ field: Field?) throws -> [Field?] {
        guard let field else { return [] }
        return try field.list("a list", countMax: ManifestLimits.entriesMax).map {
            try FieldMap($0, "a mapping")["label"]
        }
    }
}

/// Names in a folder of results.
private struct TakenNames {
    /// By what is left of them where capitals do not count.
    private var names = Dictionary(
        uniqueKeysWithValues: JobName.reserved.map { ($0.lowercased(), $0) })

    mutating func take(_ name: String, by field: Field) throws {
        guard let other = names.updateValue(name, forKey: name.lowercased()) else { return }
        throw field.error(
            other == name
                ? "two parts of the results would be called `\(name)`"
                : "`\(name)` and `\(other)` in the results are one name where capitals do not "
                    + "count, as on macOS and Windows",
            found: field.path.hasSuffix("label") ? field.node.found : nil,
            hint: "choose another label")
    }
}
