// Which rows of the residual stream a measure looks at.

import Analysis
import Model

enum Capture {
    /// The name that goes into the key, and the rows.
    static func rows(
        for measure: String, representation: String, batch: PackedSequences
    ) throws -> (name: String, rows: ActivationCapture) {
        if measure == "npib-official" {
            return ("official", officialRows(batch))
        }
        guard let known = Representation(rawValue: representation) else {
            preconditionFailure("the manifest parser knows the representations")
        }
        return (known.rawValue, ActivationCapture(known, of: batch))
    }

    /// The published code pads every sample with zero states to 512 tokens and then, by a slip,
    /// compares tokens of some samples instead of samples.
    private static func officialRows(_ batch: PackedSequences) -> ActivationCapture {
        let selection = OfficialRows.selection(sampleCount: batch.ranges.count)
        return ActivationCapture(
            rows: selection.flatMap { part in
                part.tokens.map { token in
                    let range = batch.ranges[part.sample]
                    let place = range.lowerBound + token
                    return place < range.upperBound ? .token(place) : .zero
                }
            })
    }
}
