"""The office's words for the values of the rules: one dictionary per notion, complete (a test looks)."""

from portail.rules.staff import Right, Role

ROLES = {
    Role.CLERK: "Agent du service enfance",
    Role.REGISSEUR: "Régisseur",
    Role.KITCHEN: "Cuisine",
    Role.ANIMATEUR: "Animateur",
    Role.ADMINISTRATOR: "Administrateur de la commune",
}
RIGHTS = {
    Right.HOME: "entrer dans l'espace mairie",
    Right.HEADCOUNTS: "voir les effectifs du jour",
    Right.LISTS: "voir les listes nominatives",
    Right.ATTENDANCE: "pointer les présences",
    Right.FAMILIES: "consulter les familles",
    Right.FAMILIES_EDIT: "modifier les familles, éditer les codes",
    Right.HEALTH: "lire les informations de santé",
    Right.BOOKINGS: "réserver pour une famille",
    Right.CALENDAR: "gérer les activités et le calendrier",
    Right.MESSAGES: "publier et écrire aux familles",
    Right.INVOICES: "consulter les factures",
    Right.MONEY: "facturer et encaisser",
    Right.SETTINGS: "régler le portail",
    Right.STAFF: "gérer les comptes des agents",
    Right.TRAIL: "lire le journal des actes",
    Right.FIGURES: "voir les statistiques",
}
