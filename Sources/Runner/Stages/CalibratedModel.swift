// The model that is compressed with the tokens it is looked at on: what most stages read.

import Model
import Store
import TensorMath
import Texts

struct CalibratedModel {
    let identified: IdentifiedModel
    let tokens: TokenisedSet
    /// Where streams of all tokens lie.
    var space: StreamSpace = .memory

    var model: Model { identified.model }
    var batch: PackedSequences { tokens.batch }

    var inputs: StageInputs {
        [(role: "model", digest: identified.digest), (role: "tokens", digest: tokens.digest)]
    }

    /// Sequences of two tokens or more, evenly spread: `samples` of them, or as many as there are.
    /// - Throws: `CalibrationError.tooShort` where there is none.
    func spread(_ samples: Int) throws -> PackedSequences {
        let usable = batch.ranges.filter { $0.count > 1 }
        guard !usable.isEmpty else { throw CalibrationError.tooShort(path: tokens.title) }
        let taken = min(samples, usable.count)
        return PackedSequences(
            (0..<taken).map { Array(batch.tokens[usable[$0 * usable.count / taken]]) })
    }
}
