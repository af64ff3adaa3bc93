// Families that call by names of their own what LlamaFamily's table lists, and tensors that hold
// queries, keys and values head by head.

import Checkpoint
import JSON

extension ModelConfig {
    /// The same config with what stands under `key` under Llama's name for it, where it stands
    /// there alone.
    func spelling(_ key: String, as name: String) -> ModelConfig {
        var result = self
        if result.value(name) == nil, let value = value(key) { result.set(name, to: value) }
        return result
    }
}

extension ModelBlueprint {
    /// The same model with the embedding under another name.
    func withEmbedding(_ name: String) -> ModelBlueprint {
        var result = self
        if isTied { result.outputHead = name }
        result.embedding = name
        return result
    }
}

extension LlamaFamily {
    /// Queries, keys and values of a tensor that holds, for each key-value head in turn, the rows
    /// of the query heads that share it, of its key and of its value (GPT-NeoX, Falcon).
    func headwise(
        _ name: String, bias: Bool
    ) -> (query: ProjectionBlueprint, key: ProjectionBlueprint, value: ProjectionBlueprint) {
        let queries = heads / keyValueHeads * headWidth
        let step = queries + 2 * headWidth
        func rows(_ start: Int, _ size: Int) -> ProjectionBlueprint {
            var result = projection(
                name, outputs: keyValueHeads * size, inputs: hidden, bias: bias)
            result.totalRows = keyValueHeads * step
            result.form = .blocks(start: start, size: size, step: step)
            return result
        }
        return (
            rows(0, queries), rows(queries, headWidth), rows(queries + headWidth, headWidth)
        )
    }
}
