// The result of a step as it lies in act/: key, outputs, what it cost. One JSON file, written last.

package import Failures
package import JSON

/// One object that a stage made.
package struct ActionOutput: Equatable, Hashable, Sendable {
    package let role: String
    package let digest: Digest
    /// Raw bytes of the object.
    package let byteCount: Int

    package init(role: String, digest: Digest, byteCount: Int) {
        self.role = role
        self.digest = digest
        self.byteCount = byteCount
    }

    package init(role: String, _ object: StoredObject) {
        self.init(role: role, digest: object.digest, byteCount: object.byteCount)
    }
}

/// What is wrong with an action file.
package enum ActionFault: ClassifiedFailure, Equatable, Sendable {
    /// A damaged action is quarantined, and its stage runs again.
    package var failureClass: FailureClass { .transient }

    case unreadable(reason: String)
    case json(TextPlace, JSONFault)
    case field(String)
    case sum
    case key(found: Digest)
}

extension ActionFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let reason): reason
        case .json(let place, let fault): "not the JSON of an action: \(place): \(fault)"
        case .field(let name): "the field `\(name)` is missing or of the wrong kind"
        case .sum: "the file does not match its own checksum"
        case .key(let found): "the file holds the action \(found)"
        }
    }
}

/// A recorded step.
package struct ActionRecord: Equatable, Sendable {
    /// Version of the file's layout.
    static let formatVersion = 1
    /// A record names roles and digests; one of a thousand layers has a few hundred kilobytes.
    static let fileBytesMax = 16 << 20

    package let key: ActionKey
    /// Sorted by role.
    package let outputs: [ActionOutput]
    /// Wall time that the stage took.
    package let seconds: Double
    /// Peak memory of the stage.
    package let peakBytes: Int
    /// Whatever else the caller wants to remember; not part of the key.
    package let notes: [String: CanonicalJSON]

    package init(
        key: ActionKey, outputs: [ActionOutput], seconds: Double, peakBytes: Int,
        notes: [String: CanonicalJSON] = [:]
    ) {
        let roles = Set(outputs.map(\.role))
        precondition(roles.count == outputs.count, "two outputs of one stage have one role")
        self.key = key
        self.outputs = outputs.sorted { $0.role.utf8.lexicographicallyPrecedes($1.role.utf8) }
        self.seconds = seconds
        self.peakBytes = peakBytes
        self.notes = notes
    }

    /// The output of a role.
    package func output(_ role: String) -> ActionOutput? {
        outputs.first { $0.role == role }
    }

    var meta: CanonicalJSON {
        .object([
            "notes": .object(notes), "peak_bytes": .integer(peakBytes),
            "seconds": .decimal(seconds),
        ])
    }

    /// The bytes of the action file.
    var fileBytes: [UInt8] {
        var members: [String: CanonicalJSON] = [
            "action": key.json,
            "format": .integer(Self.formatVersion),
            "key": .string(key.digest.hex),
            "meta": meta,
            "outputs": .array(
                outputs.map { output in
                    [
                        "bytes": .integer(output.byteCount), "role": .string(output.role),
                        "sha256": .string(output.digest.hex),
                    ]
                }),
        ]
        members["sum"] = .string(CanonicalJSON.object(members).digest.hex)
        return CanonicalJSON.object(members).bytes + [UInt8(ascii: "\n")]
    }

    /// Parses and checks an action file.
    /// - Parameter name: The key that the file's name stands for.
    init(parsing bytes: [UInt8], name: Digest) throws(ActionFault) {
        let json: CanonicalJSON
        do {
            json = try CanonicalJSON(
                parsing: bytes.span, limits: JSONLimits(bytes: Self.fileBytesMax))
        } catch {
            throw .json(.of(offset: error.offset, in: bytes.span), error)
        }
        guard var members = json.objectValue else { throw .field("action") }
        guard members["format"] == .integer(Self.formatVersion) else { throw .field("format") }
        let sum = members.removeValue(forKey: "sum")
        guard sum == .string(CanonicalJSON.object(members).digest.hex) else { throw .sum }
        guard let key = members["action"].flatMap({ ActionKey(json: $0) }) else {
            throw .field("action")
        }
        guard key.digest == name, members["key"] == .string(name.hex) else {
            throw .key(found: key.digest)
        }
        guard let meta = members["meta"], let seconds = meta["seconds"]?.decimalValue,
            let peakBytes = meta["peak_bytes"]?.integerValue,
            let notes = meta["notes"]?.objectValue
        else { throw .field("meta") }
        self.init(
            key: key, outputs: try Self.outputs(members["outputs"]), seconds: seconds,
            peakBytes: peakBytes, notes: notes)
    }

    private static func outputs(_ json: CanonicalJSON?) throws(ActionFault) -> [ActionOutput] {
        var outputs: [ActionOutput] = []
        for value in json?.arrayValue ?? [] {
            guard let role = value["role"]?.stringValue,
                let digest = value["sha256"]?.stringValue.flatMap({ Digest(hex: $0) }),
                let byteCount = value["bytes"]?.integerValue, byteCount >= 0
            else { throw .field("outputs") }
            outputs.append(ActionOutput(role: role, digest: digest, byteCount: byteCount))
        }
        guard json?.arrayValue != nil, Set(outputs.map(\.role)).count == outputs.count else {
            throw .field("outputs")
        }
        return outputs
    }
}
