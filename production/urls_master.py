from django.urls import path

from production.views import imports, master

urlpatterns = [
    path("", master.centres, name="master"),
    path("centres/new/", master.CentreAct.as_view(), name="centre_new"),
    path("centres/<int:pk>/", master.centre, name="centre"),
    path("centres/<int:pk>/change/", master.CentreAct.as_view(), name="centre_change"),
    path("centres/<int:pk>/shifts/new/", master.ShiftAct.as_view(), name="shift_new"),
    path("centres/<int:pk>/shifts/<int:part>/", master.ShiftAct.as_view(), name="shift_change"),
    path("centres/<int:pk>/shifts/<int:part>/remove/", master.RemoveShift.as_view(), name="shift_remove"),
    path("centres/<int:pk>/downtime/new/", master.RecordDowntime.as_view(), name="downtime_record"),
    path("centres/<int:pk>/downtime/<int:part>/end/", master.EndDowntime.as_view(), name="downtime_end"),
    path("centres/<int:pk>/downtime/<int:part>/cancel/", master.CancelDowntime.as_view(), name="downtime_cancel"),
    path("products/", master.products, name="master_products"),
    path("products/new/", master.ProductAct.as_view(), name="product_new"),
    path("products/<int:pk>/", master.product, name="master_product"),
    path("products/<int:pk>/change/", master.ProductAct.as_view(), name="product_change"),
    path("products/<int:pk>/operations/new/", master.OperationAct.as_view(), name="routing_new"),
    path("products/<int:pk>/operations/<int:part>/", master.OperationAct.as_view(), name="routing_change"),
    path("products/<int:pk>/operations/<int:part>/remove/", master.RemoveOperation.as_view(), name="routing_remove"),
    path("products/<int:pk>/bill/new/", master.BillAct.as_view(), name="bill_new"),
    path("products/<int:pk>/bill/<int:part>/", master.BillAct.as_view(), name="bill_change"),
    path("products/<int:pk>/bill/<int:part>/remove/", master.RemoveBill.as_view(), name="bill_remove"),
    path("materials/", master.materials, name="master_materials"),
    path("materials/new/", master.MaterialAct.as_view(), name="material_new"),
    path("materials/<int:pk>/", master.material, name="master_material"),
    path("materials/<int:pk>/change/", master.MaterialAct.as_view(), name="material_change"),
    path("materials/<int:pk>/substitutes/new/", master.SubstituteAct.as_view(), name="substitute_new"),
    path("materials/<int:pk>/substitutes/<int:part>/", master.SubstituteAct.as_view(), name="substitute_change"),
    path(
        "materials/<int:pk>/substitutes/<int:part>/remove/", master.RemoveSubstitute.as_view(), name="substitute_remove"
    ),
    path("qualifications/", master.qualifications, name="master_qualifications"),
    path("qualifications/new/", master.QualificationAct.as_view(), name="qualification_new"),
    path("qualifications/<int:pk>/", master.QualificationAct.as_view(), name="qualification_change"),
    path("import/", imports.imports, name="imports"),
    path("import/workbook/", imports.workbook, name="master_workbook"),
    path("import/new/", imports.Upload.as_view(), name="import_new"),
    path("import/<int:pk>/", imports.preview, name="import_preview"),
    path("import/<int:pk>/again/", imports.LookAgain.as_view(), name="import_again"),
    path("import/<int:pk>/do/", imports.Import.as_view(), name="import_do"),
]
