"""`python -m portail.simulator`: serve the simulated PayFiP until told to stop."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from portail.simulator.app import Settings, create_app
from portail.simulator.serving import server
from portail.simulator.values import DEMO_CLIENTS, Client


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    options = _parser().parse_args(arguments)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _stop)
    Path(options.database).parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        database=options.database,
        mail_folder=options.mail_folder,
        mail_url=options.mail_url,
        clients=(*DEMO_CLIENTS, *options.client),
    )
    try:
        listening = server(create_app(settings), options.host, options.port)
    except OSError as error:
        print(f"Impossible d’écouter sur {options.host}:{options.port} ({error.strerror}).", file=sys.stderr)  # noqa: T201
        return 1
    print(f"Simulateur PayFiP : http://{options.host}:{listening.server_port}/sim/", flush=True)  # noqa: T201
    listening.serve_forever()
    return 0


def client(text: str) -> Client:
    """`123456:Régie:Collectivité:Produit`, with `:sans-prelevement` at the end when debit is not offered."""
    numcli, *labels = text.split(":")
    debit = "sans-prelevement" not in labels
    labels = [label for label in labels if label != "sans-prelevement"]
    if len(numcli) != 6 or not (numcli.isascii() and numcli.isdecimal()) or not 1 <= len(labels) <= 3:
        raise argparse.ArgumentTypeError(f"« {text} » : il faut « 123456:Régie:Collectivité:Produit ».")
    label1, label2, label3 = (*labels, "", "")[:3]
    return Client(numcli, label1, label2, label3, debit=debit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m portail.simulator", description="Simulateur PayFiP.")
    parser.add_argument("--host", default="127.0.0.1", help="adresse d’écoute (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8901, help="port d’écoute (8901 ; 0 : le premier libre)")
    parser.add_argument("--database", default="payfip-simulator.sqlite3", help="fichier SQLite de la banque")
    parser.add_argument("--mail-folder", default="", help="dossier où déposer les tickets (.eml)")
    parser.add_argument("--mail-url", default="", help="ou serveur d’envoi, smtp://hôte:port")
    parser.add_argument("--client", type=client, action="append", default=[], help="123456:Régie:Collectivité:Produit")
    return parser


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
