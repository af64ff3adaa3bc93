// "Did you mean": the nearest known word by optimal string alignment (Damerau 1964, restricted).

package enum Spelling {
    /// Longer words are not compared: nobody mistypes them, and the cost is their product.
    private static let lengthMax = 64

    /// Words of other programs for the same thing.
    private static let synonyms: [Set<String>] = [
        ["bf16", "bfloat16"], ["f16", "fp16", "half", "float16"],
        ["f32", "fp32", "single", "float", "float32"], ["ppl", "perplexity"],
    ]

    /// The known word that means the same, else the one with the smallest distance, where at most
    /// a third of it is wrong.
    package static func nearest(to word: String, in known: [String]) -> String? {
        let folded = word.lowercased().replacing("-", with: "_")
        guard folded.count <= lengthMax else { return nil }
        if let same = synonyms.first(where: { $0.contains(folded) }),
            let known = known.first(where: same.contains)
        {
            return known
        }
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(folded, candidate.lowercased().replacing("-", with: "_"))
            guard distance <= max(1, candidate.count / 3) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours that make `a` into `b`.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
