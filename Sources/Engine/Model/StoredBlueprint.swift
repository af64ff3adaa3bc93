// What of a blueprint the stored tensors decide: what their names begin with, and which of a tied
// embedding and head there are.

package import Checkpoint

extension Architecture {
    /// What names of tensors may begin with; the first is what checkpoints of whole models have.
    private static var roots: [String] { ["model.", ""] }

    /// The blueprint of a whole model, as transformers writes it.
    package func blueprint(_ config: ModelConfig) throws -> ModelBlueprint {
        try blueprint(config, root: Self.roots[0])
    }

    /// The blueprint of what is stored; whether all of it is there is another question.
    func blueprint(of checkpoint: Checkpoint) throws -> ModelBlueprint {
        let plain = try blueprint(checkpoint.config)
        let all =
            try [plain]
            + Self.roots.dropFirst().map {
                try blueprint(checkpoint.config, root: $0)
            }
        var found = all.first { checkpoint.contains($0.finalNorm.tensor) } ?? plain
        try found.settleHead(checkpoint)
        return found
    }
}

extension ModelBlueprint {
    /// As transformers ties: where only the head is stored it is the embedding, too; where both are
    /// and differ, they are not tied, whatever config.json says.
    fileprivate mutating func settleHead(_ checkpoint: Checkpoint) throws {
        guard let head = tiedHead, checkpoint.contains(head) else { return }
        guard checkpoint.contains(embedding) else {
            embedding = head
            outputHead = head
            return
        }
        if try checkpoint.tensor(head).hasContents(of: checkpoint.tensor(embedding)) { return }
        outputHead = head
        readings.append(.headOfItsOwn)
    }
}
