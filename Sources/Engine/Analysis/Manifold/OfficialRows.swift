// Which activations the official MKA pipeline really looks at (its `next()` on a generator of
// distance chunks takes the first chunk only).

/// A run of tokens of one sample.
struct SampleTokens: Sendable, Equatable {
    let sample: Int
    let tokens: Range<Int>

    init(sample: Int, tokens: Range<Int>) {
        self.sample = sample
        self.tokens = tokens
    }
}

/// The official code's choice of rows.
enum OfficialRows {
    /// The official code's chunk: the largest divisor of the number of samples up to 100.
    static func chunkSize(sampleCount: Int) -> Int {
        (1...100).last { sampleCount.isMultiple(of: $0) } ?? 1
    }

    /// The rows the official reading needs, in order; together `sampleCount` of them.
    ///
    /// Up to 100 samples: the first n tokens of sample 0, and nothing of the others. Above: of each
    /// c-th sample the first c tokens, c being the chunk. A sample with fewer tokens is padded with
    /// zero rows.
    static func selection(sampleCount: Int) -> [SampleTokens] {
        let chunk = chunkSize(sampleCount: sampleCount)
        return stride(from: 0, to: sampleCount, by: chunk).map {
            SampleTokens(sample: $0, tokens: 0..<chunk)
        }
    }
}
