// What it takes to go on with prompts, counted before it begins.

package import Model

extension TextGenerator {
    /// Products of all tokens, were every text as long as it may be.
    package func work(_ prompts: [[Int32]]) -> Work {
        let blueprint = forward.blueprint
        let lengths = prompts.map {
            let limit = min(blueprint.contextLength, lengthMax ?? .max)
            return min($0.count + tokensMax, max($0.count, limit))
        }
        let load = TokenLoad(lengths: lengths, computed: lengths.reduce(0, +))
        return Work(
            operations: blueprint.operations(load)
                + blueprint.headOperations(
                    zip(lengths, prompts).reduce(0) { $0 + Double($1.0 - $1.1.count) }))
    }
}
