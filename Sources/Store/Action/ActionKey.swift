// The identity of one cacheable step: what went in, what was asked, which code. Its digest is the
// name of the step's result.

package import JSON

/// Everything a stage's result depends on.
package struct ActionKey: Equatable, Sendable {
    /// Version of the rules by which a key is made; part of every key.
    static let rulesVersion = 1

    /// The stage, for example "similarity".
    package let stage: String
    /// Raised whenever the stage's code gives other results than before.
    package let stageVersion: Int
    /// The objects that the stage reads, by role.
    package let inputs: [String: Digest]
    /// The parameters that the stage reads, defaults filled in; an object.
    package let params: CanonicalJSON
    /// The program, for example "layerfold".
    package let tool: String

    /// The canonical JSON that the key is the SHA-256 of.
    package let json: CanonicalJSON
    /// The key.
    package let digest: Digest

    /// - Parameters:
    ///   - inputs: Roles are unique; their order does not matter.
    ///   - params: A JSON object. Numerics (dtype, kernel level, seed) belong here as well.
    package init(
        stage: String, stageVersion: Int, inputs: [(role: String, digest: Digest)],
        params: CanonicalJSON, tool: String
    ) {
        let byRole = Dictionary(inputs.map { ($0.role, $0.digest) }) { _, _ in
            preconditionFailure("two inputs of stage \(stage) have one role")
        }
        self.init(
            stage: stage, stageVersion: stageVersion, inputs: byRole, params: params, tool: tool)
    }

    package init(
        stage: String, stageVersion: Int, inputs: [String: Digest], params: CanonicalJSON,
        tool: String
    ) {
        precondition(params.objectValue != nil, "the parameters of a stage are a JSON object")
        self.stage = stage
        self.stageVersion = stageVersion
        self.inputs = inputs
        self.params = params
        self.tool = tool
        json = .object([
            "inputs": .object(inputs.mapValues { .string($0.hex) }),
            "params": params,
            "stage": .string(stage),
            "stage_version": .integer(stageVersion),
            "tool": .string(tool),
            "v": .integer(Self.rulesVersion),
        ])
        digest = json.digest
    }

    /// Reads the JSON that `json` gave; nil if it is none of that kind.
    init?(json: CanonicalJSON) {
        guard let stage = json["stage"]?.stringValue,
            let stageVersion = json["stage_version"]?.integerValue,
            let inputs = json["inputs"]?.objectValue,
            let params = json["params"], params.objectValue != nil,
            let tool = json["tool"]?.stringValue
        else { return nil }
        var digests: [String: Digest] = [:]
        for (role, value) in inputs {
            guard let digest = value.stringValue.flatMap({ Digest(hex: $0) }) else { return nil }
            digests[role] = digest
        }
        self.init(
            stage: stage, stageVersion: stageVersion, inputs: digests, params: params, tool: tool)
        guard self.json == json else { return nil }
    }
}
