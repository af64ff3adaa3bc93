// Which rows of the residual stream a measure looks at.

import Engine

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
        let selection = officialRowSelection(sampleCount: batch.ranges.count)
        return ActivationCapture(
            rows: selection.flatMap { sample, tokens in
                tokens.map { token in
                    let place = batch.ranges[sample].lowerBound + token
                    return place < batch.ranges[sample].upperBound ? .token(place) : .zero
                }
            })
    }
}
