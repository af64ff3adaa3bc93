// Manifest to job description: every key known, every value typed and in range, every default
// filled in. The reference for people is docs/JOB_FORMAT.md.

import Catalogue
package import Foundation

package struct ManifestParser {
    let paths: PathRule
    let rule: NotifyRule

    /// - Parameters:
    ///   - name: the job's name where the manifest gives none; the file's name without extension.
    ///   - paths: which paths may be named. Default: any.
    ///   - notify: what may be told to whom. Default: anything.
    /// - Throws: `ManifestError`, for the first thing that is wrong.
    package static func parse(
        bytes: Data, name: String, paths: PathRule = .anywhere, notify: NotifyRule = .anything
    ) throws -> JobDescription {
        let root = try ManifestReader.read(bytes)
        return try ManifestParser(paths: paths, rule: notify)
            .description(of: Field(node: root, path: ""), name: name)
    }

    private func description(of root: Field, name: String) throws -> JobDescription {
        let map = try FieldMap(root, "a mapping, starting with `version: 1`")
        try map.refuseUnknown(
            besides: [
                "version", "name", "model", "calibration", "analysis", "compare", "compress",
                "quantize", "evaluate", "export", "output", "priority", "notify", "run_on",
                "resources",
            ], in: "the manifest")
        try checkVersion(map.required("version", hint: "start the manifest with `version: 1`"))
        let title = try jobName(map["name"], fallback: name, in: map)
        let model = try path(
            map.required("model", hint: "add `model: FOLDER`, a checkpoint folder"), under: .model)
        let compress = try map["compress"].map(compressions) ?? []
        if compress.isEmpty { try checkOriginals(in: map) }
        let calibration = try map["calibration"].map { try self.calibration($0, as: .own) }
        let analysis = try analysis(map["analysis"])
        if calibration == nil,
            let index = compress.firstIndex(where: {
                Offer.method($0.method)?.needs != .nothing
            })
        {
            throw root.error(
                "the key `calibration` is missing: method `\(compress[index].method)` needs it",
                hint: "add `calibration:` with `dataset:` and `path:`")
        }
        let place = try runPlace(map["run_on"])
        let job = JobDescription(
            version: JobDescription.currentVersion,
            name: title,
            model: model,
            calibration: calibration,
            analysis: analysis,
            compare: try map["compare"].map {
                try comparison($0, beside: analysis.similarity, hasCalibration: calibration != nil)
            },
            compress: compress,
            quantize: try map["quantize"].map {
                try quantizations($0, hasCalibration: calibration != nil)
            },
            evaluate: try evaluations(map["evaluate"]),
            export: try exports(map["export"]),
            output: try output(map["output"]),
            priority: try value(of: Offer.priority, in: map).integer ?? 0,
            notify: try notify(map["notify"]),
            runOn: place,
            resources: try resources(map["resources"], beside: place))
        try refuseCollisions(in: job, map)
        return job
    }

    private func checkVersion(_ field: Field) throws {
        let known = "\(JobDescription.currentVersion)"
        let version = try field.integer(in: 0...Int.max, known)
        guard version == JobDescription.currentVersion else {
            throw field.error(
                "this build does not know version \(version) of the manifest",
                expected: known, found: "\(version)", hint: "write `version: \(known)`")
        }
    }

    private func jobName(_ field: Field?, fallback: String, in map: FieldMap) throws -> String {
        guard let field else {
            guard JobName.isValid(fallback) else {
                throw map.field.error(
                    "the key `name` is missing, and the file's name cannot stand for it",
                    expected: JobName.rule, found: ManifestNode.shortened(fallback),
                    hint: "add `name: NAME`")
            }
            guard fallback != JobName.latest else {
                throw map.field.error(
                    "the key `name` is missing, and commands take the file's for the newest job",
                    found: fallback, hint: "add `name: NAME`")
            }
            return fallback
        }
        let name = try field.text(JobName.rule)
        guard JobName.isValid(name) else {
            throw field.error("not a name", expected: JobName.rule, found: field.node.found)
        }
        guard name != JobName.latest else {
            throw field.error(
                "commands take this name for the newest job", found: field.node.found,
                hint: "choose another, such as `\(name)-1`")
        }
        return name
    }

    private func path(_ field: Field, under root: PathRule.Root) throws -> String {
        let path = try field.text("a path")
        if let refusal = paths.refusal(of: path, under: root) {
            throw field.error(refusal.problem, found: field.node.found, hint: refusal.hint)
        }
        return path
    }

    // MARK: Sections

    private func analysis(_ field: Field?) throws -> JobDescription.Analysis {
        let nothing = Field(
            node: ManifestNode(place: Place(line: 1, column: 1), content: .map([])),
            path: "analysis")
        let map = try FieldMap(field ?? nothing, "a mapping, such as `similarity: npib`")
        let similarity =
            try map["similarity"]?
            .choice(of: Offer.similarities.map(\.name), called: "similarity measure")
            ?? Offer.defaultSimilarity
        let representation =
            try map["representation"]?
            .choice(of: Offer.representations.map(\.name), called: "representation")
            ?? Offer.defaultRepresentation
        let common = try parameters(
            [Offer.compute], of: map, besides: ["similarity", "representation"],
            allowing: Offer.similarity(similarity)?.parameters ?? [],
            in: "analysis with similarity \(similarity)")
        return JobDescription.Analysis(
            similarity: similarity,
            representation: representation,
            compute: JobDescription.ComputeChoice(rawValue: common.text("compute")) ?? .auto,
            parameters: try values(of: Offer.similarity(similarity)?.parameters ?? [], in: map))
    }

    private func compressions(_ field: Field) throws -> [JobDescription.Compression] {
        let items = try field.list(
            "a list of methods", countMax: ManifestLimits.entriesMax)
        var seen: Set<JobDescription.Candidate.Identity> = []
        return try items.map { item in
            let compression = try compression(item)
            for candidate in compression.candidates
            where !seen.insert(candidate.identity).inserted {
                let amount = candidate.budget == nil ? "ratio" : "budget"
                throw item.error(
                    "method `\(compression.method)` is asked for twice with the same \(amount) "
                        + "and parameters", hint: "remove one of them")
            }
            return compression
        }
    }

    private func compression(_ field: Field) throws -> JobDescription.Compression {
        let map = try FieldMap(field, "a mapping with `method` and `ratios`")
        let name = try map.required("method", hint: "add `method: \(Self.words(Offer.methods))`")
            .choice(of: Offer.methods.map(\.name), called: "method")
        guard let method = Offer.method(name) else {
            preconditionFailure("a chosen method is declared")
        }
        try checkAmount(of: method, map)
        let values = try parameters(
            method.parameters, of: map,
            besides: ["method"] + Self.amountKeys(of: method) + ["label"], in: "method \(name)")
        let budget = try budget(map)
        try checkNarrowing(values, budget, map)
        var ratios: [Double] = []
        if method.takesRatios, budget == nil {
            let cure = "add `ratios: [0.25]`: the share of layers to remove"
            ratios = try self.ratios(
                map.required(
                    "ratios", hint: method.takesBudget ? cure + ", or a budget: `size: 6G`" : cure))
        }
        return JobDescription.Compression(
            method: name, ratios: ratios, budget: budget, parameters: values,
            label: try label(map["label"]))
    }

    func label(_ field: Field?) throws -> String? {
        guard let field else { return nil }
        let label = try field.text(JobName.rule)
        guard JobName.isValid(label) else {
            throw field.error(
                "a label names folders", expected: JobName.rule, found: field.node.found)
        }
        guard !JobName.isReserved(label) else {
            throw field.error(
                "the name is taken by another part of the results",
                expected: "none of " + JobName.reserved.sorted().joined(separator: ", "),
                found: field.node.found, hint: "choose another label")
        }
        return label
    }

    private func evaluations(_ field: Field?) throws -> [JobDescription.Evaluation] {
        guard let field else { return [] }
        let items = try field.list("a list of tasks", countMax: ManifestLimits.entriesMax)
        return try items.map { item in
            let map = try FieldMap(item, "a mapping with `task`")
            let name = try map.required("task", hint: "add `task: \(Self.words(Offer.tasks))`")
                .choice(of: Offer.tasks.map(\.name), called: "task")
            let values = try parameters(
                Offer.task(name)?.parameters ?? [], of: map, besides: ["task"], in: "task \(name)")
            return JobDescription.Evaluation(task: name, parameters: values)
        }
    }

    private func output(_ field: Field?) throws -> JobDescription.Output {
        var values = Parameters().completed(with: Offer.output)
        if let field {
            let map = try FieldMap(field, "a mapping, such as `dtype: keep`")
            values = try parameters(Offer.output, of: map, besides: [], in: "output")
        }
        return JobDescription.Output(
            dtype: JobDescription.OutputDType(rawValue: values.text("dtype")) ?? .keep,
            shardBytes: values.integer("shard_bytes"))
    }

    // MARK: Parameters

    /// The values of `declarations`; any key beyond these, `besides` and `allowing` is refused.
    func parameters(
        _ declarations: [ParameterDeclaration], of map: FieldMap, besides: [String],
        allowing others: [ParameterDeclaration] = [], in place: String
    ) throws -> Parameters {
        let known = besides + declarations.map(\.name) + others.map(\.name)
        try map.refuseUnknown(besides: known, in: place)
        return try values(of: declarations, in: map)
    }

    func values(
        of declarations: [ParameterDeclaration], in map: FieldMap
    ) throws -> Parameters {
        var result = Parameters()
        for declaration in declarations {
            if let field = map[declaration.name] {
                guard result.allows(declaration) else {
                    throw field.error(
                        "`\(declaration.name)` has no meaning here",
                        hint: declaration.onlyWith.map {
                            "it is used only with `\($0.words)`"
                        })
                }
                result[declaration.name] = try value(field, declaration)
            } else if case .required = declaration.defaultValue, result.allows(declaration) {
                throw map.field.error(
                    "the key `\(declaration.name)` is missing",
                    hint: "add `\(declaration.name):`. \(declaration.meaning)")
            }
            result = result.completed(with: [declaration])
        }
        return result
    }

    private func value(
        of declaration: ParameterDeclaration, in map: FieldMap
    ) throws -> ParameterValue {
        let values = try values(of: [declaration], in: map)
        guard let value = values[declaration.name] else {
            preconditionFailure("\(declaration.name) has a default")
        }
        return value
    }

    private func value(
        _ field: Field, _ declaration: ParameterDeclaration
    ) throws -> ParameterValue {
        switch declaration.kind {
        case .number(let range):
            return .number(try field.number(in: range))
        case .numberOrWord(let range, let words):
            return try field.numberOrWord(in: range, words)
        case .integer(let range):
            return .integer(try field.integer(in: range))
        case .oneOf(let numbers):
            return .integer(try field.integer(of: numbers))
        case .integerOrWord(let range, let words):
            return try field.integerOrWord(in: range, words)
        case .choice(let words):
            return .text(try field.choice(of: words, called: "value"))
        case .flag:
            return .flag(try field.flag())
        case .text:
            return .text(try shortText(field))
        case .path:
            return .text(try path(field, under: .data))
        case .textPath:
            return .text(try path(field, under: .text))
        case .integers(let range, let canRepeat):
            let items = try field.list(
                "a list of whole numbers", countMax: ManifestLimits.layersMax)
            guard !items.isEmpty else { throw field.error("the list is empty") }
            var values: [Int] = []
            for item in items {
                let value = try item.integer(in: range)
                if !canRepeat, values.contains(value) {
                    throw item.error("\(value) is written twice", hint: "remove one of them")
                }
                values.append(value)
            }
            return .integers(values)
        }
    }

    private func shortText(_ field: Field) throws -> String {
        let text = try field.text()
        guard !text.isEmpty, text.utf8.count <= ManifestLimits.pathBytesMax,
            !text.unicodeScalars.contains(where: { $0.value == 0 })
        else {
            throw field.error(
                "not usable as a text",
                expected: "1 to \(ManifestLimits.pathBytesMax) bytes without the character NUL")
        }
        return text
    }

    static func words(_ declarations: [any Declaration]) -> String {
        declarations.map(\.name).joined(separator: " | ")
    }
}
