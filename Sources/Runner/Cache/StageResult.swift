// What a stage left in the store, by role.

import Checkpoint
package import Failures
package import Store

/// An object that an earlier stage left is damaged or gone. Its action is forgotten by now, so
/// running the job's stages again computes it anew.
package struct StageInputLost: ClassifiedFailure, CustomStringConvertible {
    let stage: String
    let role: String
    package var failureClass: FailureClass { .transient }

    package var description: String {
        "what stage `\(stage)` left as `\(role)` was damaged or gone each time it was read: check "
            + "the disk of the state folder (`layerfold store verify`)"
    }
}

package struct StageResult {
    package let stage: String
    package let key: Digest
    package let outputs: [String: Digest]
    package let isHit: Bool
    let store: ContentStore
    /// Wall time of computing it, whenever that was. Of a run that went on where a killed one was,
    /// its own.
    var seconds = 0.0

    /// For what does not fit what the stage must have left.
    func lost(_ role: String) -> StageInputLost { StageInputLost(stage: stage, role: role) }

    func digest(_ role: String) throws -> Digest {
        guard let digest = outputs[role] else { throw lost(role) }
        return digest
    }

    func bytes(_ role: String) throws -> [UInt8] {
        guard let bytes = try store.bytes(of: try digest(role)).value else { throw lost(role) }
        return bytes
    }

    /// An object that is a file of arrays.
    func archive(_ role: String) throws -> TensorArchive {
        do { return try TensorArchive(parsing: try bytes(role)) } catch is SafetensorsFault {
            throw lost(role)
        }
    }

    func json<Value: Decodable>(_ type: Value.Type, _ role: String) throws -> Value {
        try SortedJSON.value(type, try bytes(role))
    }

    /// The outputs as inputs of the next stage, by role.
    var asInputs: StageInputs {
        outputs.sorted { $0.key < $1.key }.map { (role: $0.key, digest: $0.value) }
    }
}

extension StageResult {
    /// What an action's record names.
    init(
        _ stage: String, _ key: ActionKey, _ outputs: [ActionOutput], isHit: Bool,
        store: ContentStore, seconds: Double = 0
    ) {
        self.init(
            stage: stage, key: key.digest,
            outputs: Dictionary(uniqueKeysWithValues: outputs.map { ($0.role, $0.digest) }),
            isHit: isHit, store: store, seconds: seconds)
    }
}
