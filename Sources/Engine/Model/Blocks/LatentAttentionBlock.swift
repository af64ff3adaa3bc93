// Attention over latents of one layer, over one wave of packed sequences: keys and values are
// expanded for each head, and kept so. Reference: transformers modeling_deepseek_v3.py.

package import TensorMath

extension LatentAttentionBlueprint {
    /// Concatenated heads [tokens, heads * valueWidth], the input of the output projection.
    ///
    /// - Parameters:
    ///   - x: normalised stream, [tokens, hidden].
    ///   - asked: tokens of the wave whose heads are wanted, a row each; nil: all. Keys and values
    ///     are made of all tokens.
    package func heads(
        _ x: MatrixView, asked: [Int]? = nil, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        let asking = asked.map { context.gather($0, of: x) } ?? x
        let queries = context.scratch.matrix(rows: asking.rows, columns: heads * headWidth)
        if asking.rows > 0 {
            try context.project(queryInput(asking, context: context), query, into: queries)
        }
        let turning = layout.rotation(rotary)
        turning.turn(queries, headWidth: headWidth, from: plainWidth, asked: asked)
        let kept = layout.kept?.narrowed(keys: heads * headWidth, values: heads * valueWidth)
        let keys =
            kept?.place(in: \.keys)
            ?? context.scratch.matrix(rows: x.rows, columns: heads * headWidth)
        let values =
            kept?.place(in: \.values)
            ?? context.scratch.matrix(rows: x.rows, columns: heads * valueWidth)
        try expand(x, turning, keys: keys, values: values, context)
        let result = context.scratch.matrix(rows: asking.rows, columns: heads * valueWidth)
        kept?.take(keys, values, of: layout.sequences)
        CausalAttention(
            heads: heads, keyValueHeads: heads, headWidth: headWidth, valueWidth: valueWidth,
            scale: scale, window: nil, softCap: nil
        ).run(
            queries: queries, keys: kept?.keys ?? keys, values: kept?.values ?? values,
            spans: layout.spans(asked), into: result)
        return result
    }

    /// What `query` reads of a normalised stream.
    package func queryInput(_ x: MatrixView, context: BlockContext) throws -> MatrixView {
        guard let queryLatent else { return x }
        let latents = context.scratch.matrix(rows: x.rows, columns: queryLatent.norm.width)
        try context.project(x, queryLatent.projection, into: latents)
        try context.normalise(latents, queryLatent.norm, into: latents)
        return latents
    }

    /// What `expansion` reads, [tokens, latentWidth], and the keys' shared end before it rotates.
    package func latents(
        _ x: MatrixView, context: BlockContext
    ) throws -> (latents: MatrixView, ends: MatrixView) {
        let both = context.scratch.matrix(rows: x.rows, columns: latent.rows.count)
        try context.project(x, latent, into: both)
        let latents = context.scratch.matrix(rows: x.rows, columns: latentWidth)
        try context.normalise(both.columns(0..<latentWidth), latentNorm, into: latents)
        return (latents, both.columns(latentWidth..<both.columns))
    }

    private func expand(
        _ x: MatrixView, _ turning: Rotation, keys: MatrixView, values: MatrixView,
        _ context: BlockContext
    ) throws {
        let (latents, ends) = try latents(x, context: context)
        turning.turn(ends, headWidth: rotary.width)
        let width = plainWidth + valueWidth
        let expanded = context.scratch.matrix(rows: x.rows, columns: heads * width)
        try context.project(latents, expansion, into: expanded)
        for head in 0..<heads {
            let own = expanded.columns(head * width..<(head + 1) * width)
            let key = keys.columns(head * headWidth..<(head + 1) * headWidth)
            key.columns(0..<plainWidth).assign(own.columns(0..<plainWidth))
            key.columns(plainWidth..<headWidth).assign(ends)
            values.columns(head * valueWidth..<(head + 1) * valueWidth)
                .assign(own.columns(plainWidth..<width))
        }
    }
}

extension MixerBlueprint {
    /// Concatenated heads of some tokens (nil: all), and what they go through; nil where the mixer
    /// has none.
    package func heads(
        _ x: MatrixView, asked: [Int]? = nil, layout: WaveLayout, context: BlockContext
    ) throws -> (heads: MatrixView, output: ProjectionBlueprint)? {
        switch self {
        case .attention(let attention):
            (
                try attention.heads(x, asked: asked, layout: layout, context: context),
                attention.output
            )
        case .latent(let latent):
            (try latent.heads(x, asked: asked, layout: layout, context: context), latent.output)
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: nil
        }
    }
}
