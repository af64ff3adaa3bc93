// What of a blueprint the stored tensors decide: what their names begin with, and which of a tied
// embedding and head there are.

package import Checkpoint

extension Architecture {
    /// The blueprint of a whole model, as transformers writes it.
    package func blueprint(_ config: ModelConfig) throws -> ModelBlueprint {
        try blueprint(config, root: roots[0])
    }

    /// The blueprint of what is stored; whether all of it is there is another question.
    ///
    /// - Parameter config: the checkpoint's own.
    func blueprint(
        of checkpoint: Checkpoint, _ config: ModelConfig
    ) throws -> ModelBlueprint {
        let plain = try blueprint(config)
        let all =
            try [plain]
            + roots.dropFirst().map {
                try blueprint(config, root: $0)
            }
        // Most of them: a checkpoint that lacks one is told so by its name.
        let stored = all.map { $0.tensors.count { checkpoint.contains($0.name) } }
        let most = stored.max() ?? 0
        var found = stored.firstIndex(of: most).map { all[$0] } ?? plain
        try found.settleHead(checkpoint)
        found.carried = try checkpoint.tensorNames.filter(carries).map {
            ExpectedTensor(name: $0, shape: try checkpoint.tensor($0).shape)
        }
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
