"""NeuralHydrology's side of benchmarks/streamflow.py; runs in a virtual environment of its own, where ours is not
installed.

Reads a JSON specification from standard input and writes one JSON line, the last of its output. Two schemes:

``windows``  as its introductory tutorial teaches it: 365 days to learn from the last of them, batches of 256, 50 epochs
             with three learning rates, dropout 0.4, a forget gate that starts at 3
``pieces``   the scheme of the course kit in NeuralHydrology's words: 730 days with the loss on the last 365, the
             same batch, number of updates, learning rates and loss
"""

import json
import math
import resource
import sys
import tempfile
import time
from pathlib import Path

START = time.perf_counter(), time.process_time()

import torch  # noqa: E402
from neuralhydrology.evaluation import get_tester  # noqa: E402
from neuralhydrology.training.basetrainer import BaseTrainer  # noqa: E402
from neuralhydrology.utils.config import Config  # noqa: E402

FORCINGS = {"prcp": "prcp(mm/day)", "srad": "srad(W/m2)", "tmax": "tmax(C)", "tmin": "tmin(C)", "vp": "vp(Pa)"}


def since(start):
    """Seconds of wall and of CPU since `start`."""
    return {"wall": time.perf_counter() - start[0], "cpu": time.process_time() - start[1]}


def now():
    return time.perf_counter(), time.process_time()


def configuration(spec, folder):
    """The run of `spec` as NeuralHydrology's configuration."""
    (folder / "basins.txt").write_text("\n".join(spec["basins"]))
    common = dict(
        experiment_name="benchmark",
        run_dir=str(folder),
        data_dir=spec["data"],
        dataset="camels_us",
        forcings=["daymet"],
        train_basin_file=str(folder / "basins.txt"),
        validation_basin_file=str(folder / "basins.txt"),
        test_basin_file=str(folder / "basins.txt"),
        target_variables=["QObs(mm/d)"],
        clip_targets_to_zero=["QObs(mm/d)"],
        train_start_date="01/10/1999",
        train_end_date="30/09/2008",
        test_start_date="01/10/1989",
        test_end_date="30/09/1999",
        validation_start_date="01/10/1980",
        validation_end_date="30/09/1989",
        dynamic_inputs=list(FORCINGS.values()),
        static_attributes=spec["attributes"],
        model="cudalstm",
        head="regression",
        output_activation="linear",
        hidden_size=spec["hidden"],
        initial_forget_bias=3,
        optimizer="Adam",
        metrics=["NSE"],
        device="cpu",
        seed=spec["seed"],
        clip_gradient_norm=1,
        num_workers=0,
        verbose=0,
        save_weights_every=10_000,
        log_tensorboard=False,
        log_interval=10_000,
    )
    if spec["scheme"] == "windows":
        own = dict(
            seq_length=365,
            predict_last_n=1,
            batch_size=256,
            epochs=50,
            output_dropout=0.4,
            loss="MSE" if len(spec["basins"]) == 1 else "NSE",
            learning_rate={0: 1e-2, 30: 5e-3, 40: 1e-3},
        )
    else:
        epochs = math.ceil(spec["updates"] / spec["every"])
        own = dict(
            seq_length=730,
            predict_last_n=365,
            batch_size=spec["batch"],
            epochs=epochs,
            output_dropout=0.0,
            loss="NSE",
            max_updates_per_epoch=spec["every"],
            learning_rate={e: spec["rates"][e * spec["every"]] for e in range(epochs)},
        )
    return Config(common | own)


def median_nse(cfg, model):
    """Median NSE over the basins in the test period, computed by NeuralHydrology's own tester."""
    tester = get_tester(cfg=cfg, run_dir=cfg.run_dir, period="test", init_model=False)
    results = tester.evaluate(model=model, save_results=False, metrics=["NSE"])
    scores = sorted(frequencies["1D"]["NSE"] for frequencies in results.values())
    middle = len(scores) // 2
    return scores[middle] if len(scores) % 2 else (scores[middle - 1] + scores[middle]) / 2


def main():
    spec = json.load(sys.stdin)
    torch.set_num_threads(spec["threads"])
    row = {"imports": since(START)}
    with tempfile.TemporaryDirectory() as folder:
        cfg = configuration(spec, Path(folder))
        start = now()
        trainer = BaseTrainer(cfg)
        trainer.initialize_training()
        row["load"] = since(start)
        spent, curve = {"wall": 0.0, "cpu": 0.0}, []
        for epoch in range(1, cfg.epochs + 1):
            rate = cfg.learning_rate.get(epoch if spec["scheme"] == "windows" else epoch - 1)
            for group in trainer.optimizer.param_groups if rate else ():
                group["lr"] = rate
            start = now()
            trainer._train_epoch(epoch=epoch)
            trainer.experiment_logger.summarise()
            spent = {k: spent[k] + v for k, v in since(start).items()}
            seeking = all(point["nse"] < max(spec["skills"]) for point in curve)
            if seeking or epoch == cfg.epochs or epoch % spec["look"] == 0:
                start = now()
                curve.append({**spent, "nse": median_nse(cfg, trainer.model)})
                row["evaluation"] = since(start)
                print(spec["scheme"], "epoch", epoch, {k: round(v, 3) for k, v in curve[-1].items()}, file=sys.stderr)
                trainer.model.train()
    row |= {"curve": curve, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    print("\n" + json.dumps(row))


if __name__ == "__main__":
    main()
